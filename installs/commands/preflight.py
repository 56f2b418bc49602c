"""Check the hosts of an install: all of them, or one again, or one check again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from installs.commands.asking import ask_for, refuse_active
from installs.models import Install, InstallRun
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def preflight(by: User, install: Install, *, host: str = "", check: str = "") -> InstallRun:
    """Ask for the checks. With `host` only that one is read anew, with `check` only that result is renewed.

    Raises NotPermitted, Invalid, RunActive, HostBusy.
    """
    require(by, "install.preflight", None)
    refuse_active(install)
    if not install.hosts.exclude(role="jump").exists():
        raise Invalid.at("/hosts", "required", _("There is no host to check."))
    if host and not install.hosts.filter(name=host).exists():
        raise Invalid.at("/host", "unknown_host", _("There is no host %(name)s.") % {"name": host[:63]})
    if check and not install.checks.filter(check_name=check).exists():
        raise Invalid.at(
            "/check", "unknown_check", _("Nothing was checked under the name %(name)s.") % {"name": check[:64]}
        )
    asked = {name: value for name, value in (("host", host), ("check", check)) if value}
    return ask_for(by, install, InstallRun.Kind.PREFLIGHT, "install.preflight", asked=asked, recorded=asked)
