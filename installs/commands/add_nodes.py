"""Add hosts to a cluster that was installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from installs.commands.asking import ask_for, refuse_unless_installed
from installs.commands.fields import Problems, clean_hosts, recorded_hosts, with_credentials
from installs.models import Install, InstallRun
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def add_nodes(by: User, install: Install, hosts: Sequence[Mapping[str, Any]]) -> InstallRun:
    """Take the hosts in and ask for them to join; they are checked first. A host that is there already, because an
    earlier try failed, takes the new values.

    Raises NotPermitted, Invalid, RunActive, WrongStatus, HostBusy.
    """
    require(by, "install.add_nodes", None)
    refuse_unless_installed(install, _("adding nodes"))
    if not hosts:
        raise Invalid.at("/hosts", "required", _("Name the hosts to add."))
    problems = Problems()
    known = with_credentials(install)
    joined = joined_hosts(install)
    rows = clean_hosts(hosts, problems, known=[row for row in known if row.name not in joined])
    for number, row in enumerate(rows):
        others = [each for each in known if each.name != row.name or each.name in joined]
        if any(each.name == row.name or (each.address, each.port) == (row.address, row.port) for each in others):
            problems.add(f"/hosts/{number}/name", "taken", _("The install has a host of this name or address."))
        if row.role == "jump":
            problems.add(f"/hosts/{number}/role", "jump_hosts", _("A jump host is no node."))
    problems.refuse()
    first = max((row.number for row in known), default=-1) + 1
    names = [row.name for row in rows]
    with atomic():
        for offset, row in enumerate(rows):
            row.install, row.number = install, first + offset
            row.save()
        return ask_for(
            by,
            install,
            InstallRun.Kind.ADD_NODES,
            "install.add_nodes",
            asked={"hosts": names},
            recorded={"hosts": recorded_hosts(rows)},
        )


def joined_hosts(install: Install) -> set[str]:
    """The hosts that are part of the cluster, or are being made so: all but those of an `add_nodes` that failed."""
    names = set(install.hosts.values_list("name", flat=True))
    runs = install.runs.filter(kind=InstallRun.Kind.ADD_NODES).order_by("created_at")
    for run in runs:
        hosts = set(run.asked.get("hosts", ()))
        names = names | hosts if run.state == InstallRun.State.SUCCEEDED else names - hosts
    return names & set(install.hosts.values_list("name", flat=True))
