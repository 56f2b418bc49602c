"""Sessions of people: how one begins, when it ends, and ending it from elsewhere.

Django's own session carries it. A `Session` row stands beside it, so that people see where they are signed in. Removing
the carrier is what ends a session: the next request finds nobody signed in, open streams notice at their next check.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.sessions.models import Session as Carrier
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.factors.required import LACKS, lacks_second_factor
from accounts.models import Session, User
from accounts.session_store import stored_key
from audit.record import audit
from web.addresses import client_address
from web.errors import NotPermitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

_ENDS_AT = "ends_at"
_ENDS_AT_MOST = "ends_at_most"
_SEEN_AT = "seen_at"
_WAY = "way"
BREAK_GLASS_REASON = "break_glass_reason"
_BACKEND = "django.contrib.auth.backends.ModelBackend"
SEEN_EVERY = timedelta(minutes=5)
# In seconds. Long enough to repair a sign-in, short enough not to become a habit.
BREAK_GLASS_LASTS = 3600


def begin_session(request: HttpRequest, user: User, *, way: str, provider: str = "") -> None:
    """Sign a person in at this browser, under a new key: the one way in, whatever proved who they are.

    `way` is one of Session.Way, `provider` the name of the identity provider that vouched, if one did.
    """
    if user.is_robot:
        raise NotPermitted(_("A robot does not sign in: it acts through tokens."), granted_by=_("nobody"))
    replaced = current(request)
    with transaction.atomic():
        if request.user.is_authenticated:
            # Of one and the same person Django would keep the key, and what was noted of the session before.
            request.session.flush()
        login(request, user, backend=_BACKEND)
        now = timezone.now()
        request.session[_WAY] = way
        request.session[_SEEN_AT] = now.isoformat()
        request.session[LACKS] = way == Session.Way.PASSWORD and lacks_second_factor(user)
        if way == Session.Way.BREAK_GLASS:
            # Staying signed in takes another link, and another reason.
            request.session[_ENDS_AT_MOST] = (now + timedelta(seconds=BREAK_GLASS_LASTS)).isoformat()
        ends_at = prolong(request)
        if replaced:
            replaced.delete()
        Session.objects.create(
            user=user,
            key=stored_key(request.session.session_key or ""),
            way=way,
            provider=provider,
            address=client_address(request)[:64],
            user_agent=request.headers.get("User-Agent", "")[:255],
            created_at=now,
            last_seen_at=now,
            ends_at=ends_at,
        )
        if way in {Session.Way.PASSWORD, Session.Way.PASSKEY} and user.vouched_until:
            # Whose way in is here needs no provider that vouches for their tokens.
            User.objects.filter(pk=user.pk).update(vouched_until=None)
        audit(user, "session.begin", user, way=way, provider=provider)


def current(request: HttpRequest) -> Session | None:
    """The row of this browser's session."""
    key = request.session.session_key
    return Session.objects.filter(key=stored_key(key)).first() if key else None


def way_of(request: HttpRequest) -> str:
    """How this browser's session began; "" where nobody is signed in."""
    way: str = request.session.get(_WAY, "")
    return way


def end(session: Session) -> bool:
    """Sign one browser out. Answers whether this call did it."""
    with transaction.atomic():
        Carrier.objects.filter(session_key=session.key).delete()
        return bool(Session.objects.filter(pk=session.pk).delete()[0])


def end_sessions(user: User, *, provider: str = "", way: str = "", but: Session | None = None) -> int:
    """Sign a person out everywhere, but for one session; only of what one provider vouched for, or began one way.

    Answers how many ended.
    """
    ending = Session.objects.filter(user=user)
    if provider:
        ending = ending.filter(provider=provider)
    if way:
        ending = ending.filter(way=way)
    if but:
        ending = ending.exclude(pk=but.pk)
    with transaction.atomic():
        keys = list(ending.values_list("key", flat=True))
        Carrier.objects.filter(session_key__in=keys).delete()
        Session.objects.filter(key__in=keys).delete()
    return len(keys)


def keep_session(request: HttpRequest, user: User) -> None:
    """Let this browser stay signed in after its person's password has changed, under a new key."""
    row = current(request)
    update_session_auth_hash(request, user)
    if row:
        row.key = stored_key(request.session.session_key or "")
        row.save(update_fields=["key"])


def prolong(request: HttpRequest) -> datetime:
    """Let the session last its whole time from now on; answers when it ends."""
    now = timezone.now()
    ends_at = now + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    if at_most := parse_datetime(request.session.get(_ENDS_AT_MOST, "")):
        ends_at = max(now, min(ends_at, at_most))
    request.session[_ENDS_AT] = ends_at.isoformat()
    # As a moment: a length would begin anew whenever anything in the session changes.
    request.session.set_expiry(ends_at)
    if key := request.session.session_key:
        Session.objects.filter(key=stored_key(key)).update(ends_at=ends_at)
    return ends_at


def end_at_most(request: HttpRequest, at: datetime) -> None:
    """Let this session end at that time at the latest, however often it is prolonged."""
    request.session[_ENDS_AT_MOST] = at.isoformat()
    prolong(request)


def forget_ended() -> int:
    """Remove the rows of sessions that ended by themselves. Answers how many."""
    return Session.objects.filter(ends_at__lt=timezone.now()).delete()[0]


def session_end(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `session_ends_at`, None where nobody is signed in, and why somebody is by break glass."""
    session = getattr(request, "session", None)
    text = session.get(_ENDS_AT, "") if session is not None else ""
    reason = session.get(BREAK_GLASS_REASON, "") if session is not None else ""
    return {"session_ends_at": parse_datetime(text) if text else None, "break_glass_reason": reason}


class SeenMiddleware:
    """Notes when a browser was last seen, at most every few minutes so that reads do not turn into writes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _note_seen(request)
        return self.get_response(request)


def _note_seen(request: HttpRequest) -> None:
    seen_at = parse_datetime(request.session.get(_SEEN_AT, ""))
    now = timezone.now()
    if seen_at is None or now - seen_at < SEEN_EVERY:
        return
    request.session[_SEEN_AT] = now.isoformat()
    Session.objects.filter(key=stored_key(request.session.session_key or "")).update(last_seen_at=now)
