"""Rules of signing in, locks, and the way in for the day when nothing else works."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import alarms, lockout
from accounts.errors import LinkSpent
from accounts.factors.required import LACKS, lacks_second_factor, with_second_factor
from accounts.models import BreakGlass, Session, SignInPolicy, User
from accounts.permissions import require
from accounts.sessions import BREAK_GLASS_REASON, begin_session, end_sessions, way_of
from accounts.tokens import hashed, new_code
from audit.record import audit
from web.errors import Invalid

if TYPE_CHECKING:
    from django.http import HttpRequest

LINK_LASTS = timedelta(minutes=15)


def edit_sign_in_policy(by: User, *, require_second_factor: str, keep: Session | None = None) -> SignInPolicy:
    """Say who has to have a second factor. Whoever has to from now on and has none signs in again, and is led to it.

    `keep` is the session of the caller, which goes on. Raises NotPermitted.
    """
    require(by, "sign_in_policy.edit", None)
    with transaction.atomic():
        policy = SignInPolicy.objects.select_for_update().filter(pk=1).first() or SignInPolicy()
        before = policy.require_second_factor
        if before == require_second_factor:
            return policy
        policy.require_second_factor = require_second_factor
        policy.version += 1
        policy.save()
        audit(
            by,
            "sign_in_policy.edit",
            policy,
            before={"require_second_factor": before},
            after={"require_second_factor": require_second_factor},
        )
        asked = User.objects.filter(sessions__way=Session.Way.PASSWORD).distinct()
        safe = with_second_factor(User.objects.all()).values("pk")
        for person in asked.exclude(pk__in=safe):
            if policy.covers(person):
                end_sessions(person, way=Session.Way.PASSWORD, but=keep)
    return policy


def mark_if_lacking(request: HttpRequest, user: User) -> None:
    """Lead this very session to setting up a second factor, where its person lacks one."""
    if way_of(request) == Session.Way.PASSWORD and lacks_second_factor(user):
        request.session[LACKS] = True


def lift_sign_in_lock(by: User, lock: lockout.Lock) -> None:
    """Let a name be tried again, from one address or from everywhere. Idempotent. Raises NotPermitted."""
    require(by, "sign_in_lock.lift", None)
    with transaction.atomic():
        if lockout.forget(lock.username, lock.address):
            user = User.objects.filter(username__iexact=lock.username).first()
            audit(by, "sign_in_lock.lift", user or by, name=lock.username, address=lock.address)


def find_lock(pk: UUID) -> lockout.Lock | None:
    """The lock of this id, while it is on."""
    row = lockout.locks().filter(pk=pk.int).first() if pk.int < 2**63 else None
    return lockout.Lock.of(row) if row else None


def make_break_glass(user: User, reason: str) -> tuple[BreakGlass, str]:
    """Make a code that signs an admin in once, within a quarter of an hour. Only the command line may.

    Raises Invalid.
    """
    if not 5 <= len(reason.strip()) <= 300 or not reason.isprintable():
        raise Invalid.at(
            "/reason", "invalid", _("Say in 5 to 300 characters why it is needed: everybody will read it.")
        )
    if not (user.is_active and user.is_admin):
        raise Invalid.at("/user", "invalid", _("%(name)s is no active admin.") % {"name": user.username})
    raw = new_code()
    row = BreakGlass(user=user, hash=hashed(raw), reason=reason.strip(), expires_at=timezone.now() + LINK_LASTS)
    with transaction.atomic():
        row.save(force_insert=True)
        audit(None, "break_glass.make", user, reason=row.reason)
        alarms.tell(
            "sign_in.break_glass",
            key=f"break-glass-made:{row.pk}",
            title=_("A break-glass link was made for %(name)s") % {"name": user.username},
            text=row.reason,
        )
    return row, raw


def use_break_glass(request: HttpRequest, raw: str) -> BreakGlass:
    """Sign an admin in by such a code. Raises LinkSpent: used, too old, unknown, or its person is no admin any more."""
    with transaction.atomic():
        now = timezone.now()
        good = BreakGlass.objects.filter(
            hash=hashed(raw), used_at=None, expires_at__gt=now, user__is_active=True, user__is_admin=True
        )
        row = good.select_related("user").first()
        if row is None or not BreakGlass.objects.filter(pk=row.pk, used_at=None).update(used_at=now):
            raise LinkSpent(
                _("This code was used, is older than a quarter of an hour, or never was one."),
                next=_("Make another one on the server: manage.py break_glass."),
            )
        begin_session(request, row.user, way=Session.Way.BREAK_GLASS)
        request.session[BREAK_GLASS_REASON] = row.reason
        audit(row.user, "break_glass.use", row.user, reason=row.reason)
        alarms.tell(
            "sign_in.break_glass",
            key=f"break-glass-used:{row.pk}",
            title=_("%(name)s is signed in by break glass") % {"name": row.user.username},
            text=row.reason,
        )
    return row
