"""Mend findings on the hosts by the very commands that were shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from installs.checks import destroys
from installs.commands.asking import ask_for, refuse_active, refuse_unconfirmed
from installs.models import CheckRecord, Install, InstallRun
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def run_fixes(by: User, install: Install, chosen: Iterable[tuple[str, str]], *, typed_name: str = "") -> InstallRun:
    """Run the fixes of these (host, check), then check those hosts again. One that takes data away needs the name of
    the install typed. Raises NotPermitted, NotConfirmed, Invalid, RunActive, HostBusy."""
    require(by, "install.fix", None)
    refuse_active(install)
    wanted = list(dict.fromkeys(chosen))
    found = {(row.host, row.check_name): row for row in install.checks.exclude(fix=None) if needs_fix(row)}
    for number, (host, check) in enumerate(wanted):
        if (host, check) not in found:
            detail = _("There is no fix of %(check)s on “%(host)s” to run.") % {"check": check[:64], "host": host[:63]}
            raise Invalid.at(f"/fixes/{number}", "no_fix", detail)
    if not wanted:
        raise Invalid.at("/fixes", "required", _("Choose what to mend."))
    fixes = [fix_of(found[each]) for each in wanted]
    if any(destroys(str(fix["id"])) for fix in fixes):
        refuse_unconfirmed(typed_name, install.name)
    return ask_for(by, install, InstallRun.Kind.FIX, "install.fix", asked={"fixes": fixes}, recorded={"fixes": fixes})


def needs_fix(row: CheckRecord) -> bool:
    """Whether there is something to mend that has a fix and that nobody took on."""
    return bool(row.fix) and row.status in ("fail", "warn") and row.acknowledged_at is None and bool(row.host)


def fix_of(row: CheckRecord) -> dict[str, object]:
    """What is run, as it was shown: later findings do not change what was confirmed."""
    return {"host": row.host, "check": row.check_name, **(row.fix or {})}
