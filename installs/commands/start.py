"""Start an install."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from installs.checks import destroys
from installs.commands.acknowledge import acknowledge as take_on
from installs.commands.acknowledge import may_be_taken_on
from installs.commands.asking import ask_for, refuse_unless
from installs.commands.fix import fix_of, needs_fix
from installs.errors import ChecksBlock, WrongStatus
from installs.models import CheckRecord, Install, InstallRun
from installs.run_end import blockers

if TYPE_CHECKING:
    from accounts.models import User


def start_install(
    by: User, install: Install, *, apply_fixes: bool = False, acknowledge: Iterable[Mapping[str, str]] = ()
) -> InstallRun:
    """Take findings on with their reasons, then ask for the cluster. With `apply_fixes` the fixes that were shown run
    first, but for those that take data away: these are chosen one by one. What cannot be taken on and is going to be
    mended needs no reason. The hosts are checked once more before anything is installed.

    Raises NotPermitted, RunActive, WrongStatus, ChecksBlock, HostBusy, Invalid.
    """
    require(by, "install.start", None)
    statuses = (Install.Status.CHECKED, Install.Status.FAILED, Install.Status.CANCELLED)
    refuse_unless(install, statuses, _("starting"))
    if not install.checks.exists():
        raise WrongStatus(
            _("%(name)s has not been checked.") % {"name": install.name},
            next=_("Run the checks first."),
            status_now=install.status,
        )
    hopeless = {
        (row.host, row.check_name) for row in install.checks.all() if _is_mended(row) and not may_be_taken_on(row)
    }
    for each in acknowledge:
        if not (apply_fixes and (each.get("host", ""), each["check"]) in hopeless):
            take_on(by, install, each.get("host", ""), each["check"], each["reason"])
    mending = (fix_of(row) for row in install.checks.all() if apply_fixes and _is_mended(row))
    fixes = [fix for fix in mending if fix is not None]
    mended = {(fix["host"], fix["check"]) for fix in fixes}
    if found := [row for row in blockers(install) if (row.host, row.check_name) not in mended]:
        raise blocked(install, found)
    recorded = {"config": install.config, "fixes": fixes}
    return ask_for(by, install, InstallRun.Kind.INSTALL, "install.start", asked={"fixes": fixes}, recorded=recorded)


def _is_mended(row: CheckRecord) -> bool:
    """By who confirms all fixes at once, and so has not said that an earlier cluster may be lost."""
    return needs_fix(row) and not destroys(str((row.fix or {}).get("id", "")))


def blocked(install: Install, found: list[CheckRecord]) -> ChecksBlock:
    """What to raise for them."""
    first = found[0]
    return ChecksBlock(
        _("%(count)d checks of %(name)s are in the way; %(check)s on %(host)s: %(observed)s")
        % {
            "count": len(found),
            "name": install.name,
            "check": first.check_name,
            "host": first.host or _("all hosts"),
            "observed": first.observed[:200],
        },
        next=_("Mend them, or take on those that may be overridden, with a reason; then start again."),
        blocked_by=[
            {"kind": "check", "id": f"{row.host}/{row.check_name}", "host": row.host, "check": row.check_name}
            for row in found[:50]
        ],
    )
