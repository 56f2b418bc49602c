"""Guessing is limited: wrong passwords and codes are counted by name and address, and, more leniently, by name alone.

django-axes asks before a password is looked at and tells of each that was wrong; `Doorkeeper` answers. A counter is a
row of its own in the database (axes' AccessAttempt, at the address EVERYWHERE for a name alone), so that neither a
flood of other names nor a restart takes a lock away. What is tried while a lock is on is not looked at and does not
prolong it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from web.addresses import client_address
from web.errors import TooManyRequests
from web.problems import answer

if TYPE_CHECKING:
    from django.db.models import QuerySet

LASTS = timedelta(hours=settings.AXES_COOLOFF_TIME)
LIMIT: int = settings.AXES_FAILURE_LIMIT
# A stranger who knows a name may guess from many addresses. This stops them, at the price that the owner of the name
# then waits as well, or signs in with a passkey.
LIMIT_OF_NAME: int = settings.GUESSES_OF_NAME
# Stands for all addresses: no caller has it. Without an address the database would take two rows for one name.
EVERYWHERE = "::"


@dataclass(frozen=True)
class Lock:
    """What is refused at present: a name from one address, or from everywhere (`address` "")."""

    id: UUID
    username: str
    address: str
    failures: int
    ends_at: datetime

    @classmethod
    def of(cls, row: Any) -> Lock:
        """The lock that a counter stands for."""
        address = "" if row.ip_address == EVERYWHERE else row.ip_address
        return cls(UUID(int=row.pk), row.username, address, row.failures_since_start, row.attempt_time + LASTS)


class Doorkeeper(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts one row for each name and address, whatever browser is claimed, and keeps nothing of what was typed."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return _locks_of(folded_username(request, credentials), client_address(request)).exists()

    def user_login_failed(self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
        if request is None:
            return
        name, address = folded_username(request, credentials), client_address(request)
        # What is tried while the lock is on was not looked at, and is no wrong password.
        if not _locks_of(name, address).exists():
            _count(name, address)
            _count(name, EVERYWHERE)
        request.axes_credentials = credentials
        request.axes_locked_out = _locks_of(name, address).exists()


def locks() -> QuerySet[Any]:
    """The counters that lock somebody out at present, newest first. See Lock.of."""
    since = timezone.now() - LASTS
    locking = Q(ip_address=EVERYWHERE, failures_since_start__gte=LIMIT_OF_NAME)
    # One without an address is of an older version that is still at work, and locks nobody.
    locking |= Q(failures_since_start__gte=LIMIT, ip_address__isnull=False) & ~Q(ip_address=EVERYWHERE)
    found: QuerySet[Any] = AccessAttempt.objects.filter(locking, attempt_time__gt=since).order_by(
        "-attempt_time", "-id"
    )
    return found


def is_locked(request: HttpRequest, user: User) -> bool:
    """Whether nothing that this person might prove is looked at now, from this address."""
    return _locks_of(user.username.casefold()[:150], client_address(request)).exists()


def proves_password(request: HttpRequest, user: User, password: str) -> bool:
    """Whether a person who is signed in knows their password. Wrong ones are counted as at the sign-in."""
    proven = authenticate(request, username=user.username, password=password)
    return proven is not None and proven.pk == user.pk


def note_wrong_code(request: HttpRequest, user: User) -> None:
    """Count a wrong code as a wrong password is counted."""
    user_login_failed.send(sender=__name__, credentials={"username": user.username}, request=request)


def forget(username: str, address: str = "") -> int:
    """Lift what locks a name: from one address, or everywhere. Answers how many counters went."""
    rows = AccessAttempt.objects.filter(username=username.casefold()[:150])
    removed: int = (rows.filter(ip_address=address) if address else rows).delete()[0]
    return removed


def locked_out(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """The answer while the lock is on."""
    return answer(request, locked())


def locked() -> TooManyRequests:
    """What is said while the lock is on: the same for names that exist and for those that do not."""
    minutes = int(LASTS.total_seconds() // 60)
    return TooManyRequests(
        _("Too many wrong passwords or codes for this name."),
        retry_after=minutes * 60,
        next=_("Wait %(minutes)d minutes, sign in with a passkey, or ask an admin to lift the lock.")
        % {"minutes": minutes},
    )


def folded_username(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The name as it is counted: `Admin` and `admin` are one account."""
    given = (credentials or {}).get("username") or (request.POST.get("username", "") if request else "")
    return str(given).casefold()[:150]


def _locks_of(name: str, address: str) -> QuerySet[Any]:
    return locks().filter(ip_address__in=(EVERYWHERE, address), username=name)


def _count(name: str, address: str) -> None:
    """One more. A counter that was quiet for the length of a lock begins anew."""
    now = timezone.now()
    row = AccessAttempt.objects.filter(username=name, ip_address=address)
    row.filter(attempt_time__lte=now - LASTS).delete()
    if row.update(failures_since_start=F("failures_since_start") + 1, attempt_time=now):
        return
    try:
        with transaction.atomic():
            AccessAttempt.objects.create(username=name, ip_address=address, failures_since_start=1)
    except IntegrityError:
        row.update(failures_since_start=F("failures_since_start") + 1, attempt_time=now)
