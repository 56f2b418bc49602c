"""Take a cluster, or what a run left of one, off its hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from clusters.errors import ClusterInUse
from clusters.removal import what_blocks_removal
from installs.commands.asking import ask_for, refuse_unconfirmed, refuse_unless
from installs.models import Install, InstallRun

if TYPE_CHECKING:
    from accounts.models import User


def reset_install(by: User, install: Install, *, typed_name: str) -> InstallRun:
    """Ask for everything to be taken away; the portal forgets the cluster with it.

    Raises NotPermitted, NotConfirmed, RunActive, WrongStatus, HostBusy, ClusterInUse while releases run on it.
    """
    require(by, "install.reset", None)
    status = Install.Status
    refuse_unless(install, (status.CHECKED, status.SUCCEEDED, status.FAILED, status.CANCELLED), _("a reset"))
    refuse_unconfirmed(typed_name, install.name)
    if install.cluster is not None and (blockers := what_blocks_removal(install.cluster)):
        raise ClusterInUse(
            _("Cluster %(name)s is still in use.") % {"name": install.cluster.name},
            next=_("End or remove what is listed, then try again."),
            cluster=install.cluster.name,
            blocked_by=blockers,
        )
    return ask_for(by, install, InstallRun.Kind.RESET, "install.reset", recorded={"config": install.config})
