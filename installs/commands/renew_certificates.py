"""Renew the certificates of a cluster's control planes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from installs.commands.asking import ask_for, refuse_unless_installed
from installs.models import Install, InstallRun

if TYPE_CHECKING:
    from accounts.models import User


def renew_certificates(by: User, install: Install) -> InstallRun:
    """Ask for it. Raises NotPermitted, RunActive, WrongStatus, HostBusy."""
    require(by, "install.renew_certificates", None)
    refuse_unless_installed(install, _("renewing certificates"))
    return ask_for(by, install, InstallRun.Kind.CERTIFICATES, "install.renew_certificates")
