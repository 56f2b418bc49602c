"""Take a finding on, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from installs.checks import may_be_overridden
from installs.commands.asking import refuse_active
from installs.models import CheckRecord, Install
from web.errors import Conflict, Invalid, NotFound
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User

LONGEST_REASON = 1000


def acknowledge(by: User, install: Install, host: str, check: str, reason: str) -> CheckRecord:
    """Record that a person took a warning on, or an error that may be overridden. It holds until the finding changes.

    Raises NotPermitted, NotFound, Invalid without a reason, Conflict for what cannot be taken on, RunActive.
    """
    require(by, "install.acknowledge", None)
    refuse_active(install)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid.at(
            "/reason", "required", _("Say why, in at most %(most)d characters.") % {"most": LONGEST_REASON}
        )
    row = install.checks.filter(host=host, check_name=check).first()
    if row is None:
        raise NotFound(_("There is no result of %(check)s on “%(host)s”.") % {"check": check[:64], "host": host[:63]})
    if not may_be_taken_on(row):
        raise Conflict(
            _("%(check)s cannot be taken on: the install would not work.") % {"check": check},
            next=_("Mend it, then check again."),
        )
    if row.status not in ("fail", "warn"):
        raise Conflict(
            _("%(check)s found nothing to take on: it is %(status)s.") % {"check": check, "status": row.status}
        )
    row.acknowledged_by, row.acknowledged_reason, row.acknowledged_at = by, reason, timezone.now()
    with atomic():
        row.save(update_fields=["acknowledged_by", "acknowledged_reason", "acknowledged_at"])
        told = {"host": host, "check": check, "observed": row.observed, "reason": reason}
        audit(by, "install.acknowledge", install, after=told)
        publish(f"install:{install.pk}")
    return row


def may_be_taken_on(row: CheckRecord) -> bool:
    """Whether somebody may go on in spite of it."""
    return row.status != "fail" or row.severity == "warning" or may_be_overridden(row.check_name)
