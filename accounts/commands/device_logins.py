"""A program asks to act for a person; the person allows or refuses; the program collects its token, once.

Who guesses is held up twice: the device code cannot be guessed, and of the short user code a signed-in person may try
a few in ten minutes. Knowing a user code gives nothing but the chance to lend one's own rights to a stranger's program,
which is why the page says who asks from where.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.commands.tokens import create_token
from accounts.device.codes import new_device_code, new_user_code, typed
from accounts.device.errors import AccessDenied, AuthorizationPending, ExpiredToken, SlowDown
from accounts.models import DeviceGuess, DeviceLogin, Token, User
from accounts.permissions import SCOPES
from accounts.token_rules import span_findings
from accounts.tokens import hashed
from audit.record import audit
from web.errors import Invalid, TooManyRequests

OPEN_FOR = timedelta(minutes=10)
SLOWER_SECONDS = 5
LONGEST = timedelta(days=30)
DEFAULT_SCOPES = ("deploy", "approve")
# In the time that a code is good for.
MOST_FROM_ONE_ADDRESS = 30
MOST_GUESSES = 10
SOME_PROGRAM = "slipway CLI"


def begin_device_login(client: str, *, scopes: Sequence[str], address: str) -> tuple[DeviceLogin, str]:
    """Note what a program asks for; answers it with the device code, which is not stored.

    Nobody is signed in here. Raises Invalid for an unknown scope, TooManyRequests for an address that asks too often.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        words = _("There is no scope “%(scope)s”. These are there: %(all)s.")
        raise Invalid.at("/scopes", "invalid_choice", words % {"scope": unknown[0][:100], "all": ", ".join(SCOPES)})
    now = timezone.now()
    if DeviceLogin.objects.filter(address=address, created_at__gt=now - OPEN_FOR).count() >= MOST_FROM_ONE_ADDRESS:
        raise TooManyRequests(
            _("Too many programs have asked from your address."), retry_after=int(OPEN_FOR.total_seconds())
        )
    device_code = new_device_code()
    wanted = [scope for scope in SCOPES if scope in (scopes or DEFAULT_SCOPES)]
    for is_last in (False, False, True):
        try:
            with transaction.atomic():
                login = DeviceLogin.objects.create(
                    device_hash=hashed(device_code),
                    user_code=new_user_code(),
                    client="".join(filter(str.isprintable, client)).strip()[:100] or SOME_PROGRAM,
                    address=address[:64],
                    scopes=wanted,
                    expires_at=now + OPEN_FOR,
                )
            break
        except IntegrityError:
            # Another one waits under the same user code.
            if is_last:
                raise
    return login, device_code


def device_login_named(by: User, user_code: str) -> DeviceLogin:
    """The request that waits under this code. Raises Invalid where none does, TooManyRequests after many tries.

    The try is noted before it is judged: parallel ones cannot all be the tenth.
    """
    now = timezone.now()
    guess = DeviceGuess.objects.create(user=by, at=now)
    if DeviceGuess.objects.filter(user=by, at__gt=now - OPEN_FOR).count() > MOST_GUESSES:
        raise TooManyRequests(
            _("Too many codes were tried."),
            retry_after=int(OPEN_FOR.total_seconds()),
            next=_("Wait ten minutes, then ask for a new code with slipway login."),
        )
    code = typed(user_code)
    login = DeviceLogin.objects.filter(user_code=code).first() if code else None
    if login is None or not login.is_open(now):
        raise Invalid.at(
            "/code", "unknown_code", _("No program waits under this code. It is good for ten minutes, and once.")
        )
    guess.delete()
    return login


def allow_device_login(by: User, login: DeviceLogin, *, scopes: Sequence[str], lasts: timedelta) -> DeviceLogin:
    """Let a program act for `by` within some of the scopes that it asked for. Raises Invalid.

    No scope at all would mean every one, so at least one is needed.
    """
    errors = []
    granted = [scope for scope in login.scopes if scope in scopes]
    if not granted or set(scopes) - set(login.scopes):
        detail = _("Choose at least one of the scopes that the program asked for.")
        errors.append({"pointer": "/scopes", "code": "invalid_choice", "detail": detail})
    if not timedelta(0) < lasts <= LONGEST:
        errors.append({"pointer": "/lasts", "code": "invalid", "detail": _("It may last at most 30 days.")})
    else:
        errors += span_findings(lasts, "/lasts")
    if errors:
        raise Invalid(_("The program cannot be allowed so."), errors=errors)
    _decide(by, login, DeviceLogin.State.ALLOWED, scopes=granted, lasts_seconds=int(lasts.total_seconds()))
    return login


def refuse_device_login(by: User, login: DeviceLogin) -> DeviceLogin:
    """Tell a program that it gets no token. Raises Invalid when that has been decided already."""
    _decide(by, login, DeviceLogin.State.REFUSED)
    return login


def collect_token(device_code: str) -> tuple[DeviceLogin, Token, str]:
    """The token of a program that was allowed, with its text: made now, once.

    Raises AuthorizationPending, SlowDown, AccessDenied and ExpiredToken, as RFC 8628 has them.
    """
    now = timezone.now()
    login = DeviceLogin.objects.select_related("user").filter(device_hash=hashed(device_code)).first()
    if login is None or login.state == DeviceLogin.State.USED or login.expires_at <= now:
        raise ExpiredToken(_("The code is unknown, too old or used."), next=_("Ask for a new one: slipway login."))
    if login.state == DeviceLogin.State.PENDING:
        raise _not_yet(login)
    if login.state == DeviceLogin.State.REFUSED or login.user is None or not login.user.is_active:
        raise AccessDenied(_("The sign-in was refused."))
    with transaction.atomic():
        if not DeviceLogin.objects.filter(pk=login.pk, state=DeviceLogin.State.ALLOWED).update(
            state=DeviceLogin.State.USED
        ):
            raise ExpiredToken(_("The code is used."), next=_("Ask for a new one: slipway login."))
        lasts = timedelta(seconds=login.lasts_seconds)
        token, raw = create_token(
            login.user, login.user, login.client, scopes=login.scopes, lasts=lasts, way=Token.Way.DEVICE
        )
    return login, token, raw


def forget_device_logins() -> int:
    """Remove what has been decided or is too old to be. Answers how many."""
    yesterday = timezone.now() - timedelta(days=1)
    DeviceGuess.objects.filter(at__lt=yesterday).delete()
    return DeviceLogin.objects.filter(created_at__lt=yesterday).delete()[0]


def _decide(by: User, login: DeviceLogin, state: str, **fields: object) -> None:
    now = timezone.now()
    waiting = DeviceLogin.objects.filter(pk=login.pk, state=DeviceLogin.State.PENDING, expires_at__gt=now)
    with transaction.atomic():
        if not waiting.update(state=state, user=by, **fields):
            raise Invalid.at("/code", "unknown_code", _("This was decided already, or its ten minutes are over."))
        login.refresh_from_db()
        action = "device_login.allow" if state == DeviceLogin.State.ALLOWED else "device_login.refuse"
        audit(by, action, login, after=_facts(login))


def _not_yet(login: DeviceLogin) -> AuthorizationPending | SlowDown:
    now = timezone.now()
    in_time = Q(polled_at=None) | Q(polled_at__lte=now - timedelta(seconds=login.interval_seconds))
    if DeviceLogin.objects.filter(in_time, pk=login.pk).update(polled_at=now):
        return AuthorizationPending(_("The person has not decided yet."))
    slower = F("interval_seconds") + SLOWER_SECONDS
    DeviceLogin.objects.filter(pk=login.pk).update(polled_at=now, interval_seconds=slower)
    return SlowDown(_("Ask less often: each time five seconds later."))


def _facts(login: DeviceLogin) -> dict[str, object]:
    return {
        "client": login.client,
        "address": login.address,
        "scopes": login.scopes,
        "lasts_seconds": login.lasts_seconds,
    }
