"""Between the password and the second factor: who is on the way in, for five minutes, in this browser only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.sessions import current, end

if TYPE_CHECKING:
    from django.http import HttpRequest

LASTS_SECONDS = 300
_KEY = "halfway"


def begin(request: HttpRequest, user: User, back: str) -> None:
    """Note that the password was right. Whoever was signed in here is not any more, and the session's key changes."""
    if row := current(request):
        end(row)
    request.session.flush()
    request.session[_KEY] = {
        "user": str(user.pk),
        "hash": user.get_session_auth_hash(),
        "until": time.time() + LASTS_SECONDS,
        "back": back,
    }
    request.session.set_expiry(LASTS_SECONDS)


def who(request: HttpRequest) -> tuple[User, str] | None:
    """Who is on the way in, and to which page; None when nobody is, or not any more."""
    kept = request.session.get(_KEY)
    if not kept or kept["until"] < time.time():
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(kept["hash"], user.get_session_auth_hash()):
        return None
    return user, kept["back"]


def forget(request: HttpRequest) -> None:
    """Let the password have to be given again."""
    request.session.pop(_KEY, None)
