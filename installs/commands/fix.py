"""Mend findings on the hosts by the very commands that were shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from installs.checks import destroys
from installs.commands.asking import ask_for, refuse_active, refuse_unconfirmed
from installs.models import CheckRecord, Install, InstallRun
from installs.plain import ways_of
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User

Chosen = tuple[str, str] | tuple[str, str, str]


def run_fixes(by: User, install: Install, chosen: Iterable[Chosen], *, typed_name: str = "") -> InstallRun:
    """Run the fixes of these (host, check), or (host, check, fix) for one of the other ways to mend it; then check the
    hosts again. One that takes data away needs the name of the install typed.

    Raises NotPermitted, NotConfirmed, Invalid, RunActive, HostBusy.
    """
    require(by, "install.fix", None)
    refuse_active(install)
    found = {(row.host, row.check_name): row for row in install.checks.exclude(fix=None) if needs_fix(row)}
    wanted: dict[tuple[str, str], dict[str, object]] = {}
    for number, (host, check, *named) in enumerate(chosen):
        row, name = found.get((host, check)), named[0] if named else ""
        fix = fix_of(row, name) if row else None
        if fix is None:
            detail = _("There is no fix of %(check)s on “%(host)s” to run.") % {"check": check[:64], "host": host[:63]}
            raise Invalid.at(f"/fixes/{number}", "no_fix", detail)
        if wanted.setdefault((host, check), fix) != fix:
            detail = _("%(check)s on “%(host)s” is mended in one way only.") % {"check": check[:64], "host": host[:63]}
            raise Invalid.at(f"/fixes/{number}", "two_fixes", detail)
    if not wanted:
        raise Invalid.at("/fixes", "required", _("Choose what to mend."))
    fixes = [*wanted.values()]
    if any(destroys(str(fix["id"])) for fix in fixes):
        refuse_unconfirmed(typed_name, install.name)
    return ask_for(by, install, InstallRun.Kind.FIX, "install.fix", asked={"fixes": fixes}, recorded={"fixes": fixes})


def needs_fix(row: CheckRecord) -> bool:
    """Whether there is something to mend that has a fix and that nobody took on."""
    return bool(row.fix) and row.status in ("fail", "warn") and row.acknowledged_at is None and bool(row.host)


def fix_of(row: CheckRecord, name: str = "") -> dict[str, object] | None:
    """What is run, as it was shown: later findings do not change what was confirmed. `name` is that of another way to
    mend it than the first; None where there is no such way."""
    for way in ways_of(row):
        if name in ("", way["id"]):
            return {"host": row.host, "check": row.check_name, **way}
    return None
