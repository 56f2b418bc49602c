"""A POST that is sent twice is done once: `Idempotency-Key`, kept for a day per person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from durable.models import IdempotencyKey
from web.errors import BadParameter, Conflict, Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

KEPT = timedelta(hours=24)
CLAIM = timedelta(seconds=60)
KEPT_HEADERS = ("ETag", "Location", "Retry-After")


class StillRunning(Conflict):
    """The first request with this key has not been answered yet."""

    code = "idempotency_in_progress"


class KeyReused(Invalid):
    """The key came before, with another body or for another address."""

    code = "idempotency_key_reused"


class Replayed(Exception):
    """Carries the first answer from `initial` to the caller."""

    def __init__(self, kept: IdempotencyKey) -> None:
        self.kept = kept


class AlreadyMade(Exception):
    """The first request did its work and was never answered: carries the id of what it made."""

    def __init__(self, kept: IdempotencyKey) -> None:
        self.kept = kept


_present: ContextVar[IdempotencyKey | None] = ContextVar("idempotency_key", default=None)


@contextmanager
def under(key: IdempotencyKey | None) -> Iterator[None]:
    """What is made inside is noted with this key."""
    token = _present.set(key)
    try:
        yield
    finally:
        _present.reset(token)


def note_made(made: UUID) -> None:
    """Note with the key of this request what it makes, in the caller's transaction: either both are there or neither.

    A process that dies before it has answered leaves a key that says what to answer; the work is not done again.
    """
    if key := _present.get():
        IdempotencyKey.objects.filter(pk=key.pk).update(made=str(made))


class IdempotentMixin(APIView):
    """Put before the view's base class. Fields named in `secret_fields` are never stored with an answer.

    A view that has `answer_made(request, id)` answers with the object that its command noted (`note_made`), where the
    process died before the first answer was stored.
    """

    takes_key: ClassVar[bool] = True
    secret_fields: ClassVar[Sequence[str]] = ()
    _claim: IdempotencyKey | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with under(None):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.headers.get("Idempotency-Key")
        if request.method == "POST" and key is not None and request.user.pk:
            self._claim = claim(request.user.pk, key, fingerprint(request))
            if self._answer_made:
                _present.set(self._claim)

    @property
    def _answer_made(self) -> Any:
        return getattr(self, "answer_made", None)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replayed):
            response = Response(exc.kept.body, status=exc.kept.status, headers=exc.kept.headers)
            response.content_type = exc.kept.headers.get("Content-Type")
            response["Idempotency-Replayed"] = "true"
            return response
        try:
            if isinstance(exc, AlreadyMade):
                self._claim = exc.kept
                answered: Response = self._answer_made(self.request, UUID(exc.kept.made))
                answered["Idempotency-Replayed"] = "true"
                return answered
            return super().handle_exception(exc)
        except Exception:
            if self._claim:
                forget(self._claim)
            raise

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answered = super().finalize_response(request, response, *args, **kwargs)
        if self._claim:
            self._keep(self._claim, answered)
        return answered

    def _keep(self, mine: IdempotencyKey, answered: Response) -> None:
        if answered.status_code >= 500:
            forget(mine)
            return
        body = orjson.loads(JSONRenderer().render(answered.data) or b"null")
        if isinstance(body, dict):
            body = {name: value for name, value in body.items() if name not in self.secret_fields}
        headers = {name: answered.headers[name] for name in KEPT_HEADERS if name in answered.headers}
        if answered.content_type:
            headers["Content-Type"] = answered.content_type
        own = IdempotencyKey.objects.filter(pk=mine.pk, claimed_until=mine.claimed_until)
        own.update(status=answered.status_code, body=body, headers=headers)


def forget(mine: IdempotencyKey) -> None:
    """Let the same POST be tried again, unless its work is done: then the key still says what to answer."""
    IdempotencyKey.objects.filter(pk=mine.pk, made="").delete()


def fingerprint(request: Request) -> str:
    """What makes two POSTs the same: address with parameters, and the body's meaning (not its spelling)."""
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(request.get_full_path().encode() + b"\n" + body).hexdigest()


def claim(user_id: UUID, key: str, print_: str) -> IdempotencyKey:
    """Own the key for the time of one request.

    Raises BadParameter for a key that is empty, longer than 255 or not printable ASCII, StillRunning while the first
    request runs, KeyReused when the key came with something else, Replayed with an answer that is already there, and
    AlreadyMade where the work was done and its answer lost.
    """
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise BadParameter(_("An Idempotency-Key has 1 to 255 printable ASCII characters."))
    now = timezone.now()
    fresh = IdempotencyKey(user_id=user_id, key=key, fingerprint=print_, created_at=now, claimed_until=now + CLAIM)
    with transaction.atomic():
        IdempotencyKey.objects.filter(user_id=user_id, key=key, created_at__lt=now - KEPT).delete()
        IdempotencyKey.objects.bulk_create([fresh], ignore_conflicts=True)
    kept = IdempotencyKey.objects.get(user_id=user_id, key=key)
    if kept.pk == fresh.pk:
        return kept
    if kept.fingerprint != print_:
        raise KeyReused(_("This Idempotency-Key came before with another body."), next=_("Use a new key."))
    if kept.status:
        raise Replayed(kept)
    if kept.made:
        raise AlreadyMade(kept)
    return _take_lapsed(kept, now)


def _take_lapsed(kept: IdempotencyKey, now: datetime) -> IdempotencyKey:
    lapsed = IdempotencyKey.objects.filter(Q(claimed_until__lt=now), pk=kept.pk, status=0)
    if lapsed.update(claimed_until=now + CLAIM) != 1:
        raise StillRunning(
            _("The first request with this Idempotency-Key is still running."), next=_("Ask again in a second.")
        )
    kept.claimed_until = now + CLAIM
    return kept


def forget_old_keys() -> int:
    """Remove the keys that are older than a day. Answers how many."""
    removed, _by_model = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return removed
