"""A form that is posted twice starts one release, or one promotion: its token is an idempotency key."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID, uuid4

from django.db.models import Model

from deployments.models import Release
from durable.idempotency import AlreadyMade, Replayed, StillRunning, claim, forget, under
from durable.models import IdempotencyKey

if TYPE_CHECKING:
    from django.http import QueryDict

    from accounts.models import User

# The first of two clicks is answered within this time, or the second one is told that it is still running.
PATIENCE_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.1
Made = TypeVar("Made", bound=Model)
_NOT_COMPARED = ("csrfmiddlewaretoken",)


def new_token() -> str:
    """What a form carries in its hidden field `token`."""
    return uuid4().hex


def start_once(
    user: User, form: QueryDict, path: str, start: Callable[[], Made], *, model: type[Model] = Release
) -> Made:
    """The release (or row of `model`) that `start` makes, or the one that it made when this very form was posted
    before.

    Raises StillRunning when the first post is not answered in time, KeyReused for a token that came with other values,
    and whatever `start` raises; the form may be posted again after that.
    """
    given_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            mine = claim(user.pk, f"form-{form.get('token', '')[:64]}", _fingerprint(form, path))
            break
        except Replayed as before:
            return cast("Made", _made(model, str((before.kept.body or {}).get("id"))))
        except AlreadyMade as before:
            return cast("Made", _made(model, before.kept.made))
        except StillRunning:
            if time.monotonic() > given_up_at:
                raise
            time.sleep(LOOK_AGAIN_SECONDS)
    try:
        with under(mine):
            made = start()
    except BaseException:
        forget(mine)
        raise
    own = IdempotencyKey.objects.filter(pk=mine.pk, claimed_until=mine.claimed_until)
    own.update(status=202, body={"id": str(made.pk)})
    return made


def _made(model: type[Model], pk: str) -> Any:
    return model._default_manager.get(pk=UUID(pk))


def _fingerprint(form: QueryDict, path: str) -> str:
    values = sorted((name, form.getlist(name)) for name in form if name not in _NOT_COMPARED)
    return hashlib.sha256(repr((path, values)).encode()).hexdigest()
