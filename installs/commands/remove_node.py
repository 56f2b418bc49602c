"""Take one host out of a cluster: cordon, drain, delete, reset; or forget one whose machine is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require
from installs.commands.asking import ask_for, refuse_unconfirmed, refuse_unless_installed
from installs.models import Install, InstallHost, InstallRun
from web.errors import Conflict, NotFound

if TYPE_CHECKING:
    from accounts.models import User


def remove_node(by: User, install: Install, host_name: str, *, typed_name: str, is_gone: bool = False) -> InstallRun:
    """Ask for the node to go. The install forgets the host when it has gone. `is_gone`: its machine does not come back,
    so nothing is tried on it, and the cluster alone forgets it.

    Raises NotPermitted, NotFound, NotConfirmed, RunActive, WrongStatus, HostBusy, Conflict for the last control plane.
    """
    require(by, "install.remove_node", None)
    refuse_unless_installed(install, _("removing a node"))
    row = install.hosts.exclude(role=InstallHost.Role.JUMP).filter(name=host_name).first()
    if row is None:
        raise NotFound(_("There is no host %(name)s.") % {"name": host_name[:63]})
    refuse_unconfirmed(typed_name, row.name)
    planes = install.hosts.filter(role=InstallHost.Role.CONTROL_PLANE)
    if row.role == InstallHost.Role.CONTROL_PLANE and planes.count() == 1:
        raise Conflict(
            _("%(name)s is the only control plane.") % {"name": row.name}, next=_("Reset the whole cluster instead.")
        )
    told = {"host": row.name, "gone": True} if is_gone else {"host": row.name}
    return ask_for(by, install, InstallRun.Kind.REMOVE_NODE, "install.remove_node", asked=told, recorded=told)
