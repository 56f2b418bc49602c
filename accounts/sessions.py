"""When a session ends: so many hours after it began or was prolonged, whatever happens meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

_KEY = "ends_at"


def prolong(request: HttpRequest) -> datetime:
    """Let the session last its whole time from now on; answers when it ends."""
    ends_at = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    request.session[_KEY] = ends_at.isoformat()
    request.session.set_expiry(settings.SESSION_COOKIE_AGE)
    return ends_at


def session_end(request: HttpRequest) -> dict[str, datetime | None]:
    """Context processor: `session_ends_at`, None where nobody is signed in."""
    session = getattr(request, "session", None)
    text = session.get(_KEY, "") if session is not None else ""
    return {"session_ends_at": parse_datetime(text) if text else None}
