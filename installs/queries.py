"""Installs, checks, runs and logs: what may be asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import BooleanField, Case, Prefetch, QuerySet, Value, When
from django.utils.translation import gettext as _

from installs.kubeadm_config import render
from installs.models import CheckRecord, Install, InstallHost, InstallLine, InstallRun, InstallStep
from installs.plain import acknowledged_of, config_of, hosts_of
from installs.plan import plan
from installs.shapes import Step
from web.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import User
    from clusters.models import Cluster

MOST_AT_ONCE = 1000
# The worst first, as cells of a host are summed up.
STATUSES = ("fail", "unknown", "warn", "skip", "pass")


def installs_of(user: User) -> QuerySet[Install]:
    """The installs that the user may see, each with its hosts and its newest runs; no secret is read."""
    hosts = InstallHost.objects.annotate(
        signs_in=Case(When(credential=None, then=Value(False)), default=Value(True), output_field=BooleanField())
    ).defer("credential", "facts")
    runs = InstallRun.objects.select_related("created_by").order_by("-created_at", "-id")
    return (
        Install.objects.visible_to(user)
        .defer("secrets")
        .select_related("cluster", "created_by")
        .prefetch_related(Prefetch("hosts", queryset=hosts), Prefetch("runs", queryset=runs))
    )


def install_for(user: User, pk: UUID | str) -> Install:
    """One of them. Raises NotFound."""
    try:
        found = installs_of(user).filter(pk=pk).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("There is no such install."))
    return found


@dataclass(frozen=True)
class Matrix:
    """Checks by host: `cells[check, host]` is the record, where there is one. The host "" is the install as a whole."""

    hosts: list[str]
    checks: list[str]
    cells: dict[tuple[str, str], CheckRecord]

    def count(self, status: str) -> int:
        """How many results have the status."""
        return sum(row.status == status for row in self.cells.values())

    def row(self, check: str) -> list[CheckRecord | None]:
        """The results of one check, one for each host."""
        return [self.cells.get((check, host)) for host in self.hosts]


def matrix(install: Install) -> Matrix:
    """Hosts x checks as they were last judged, hosts and checks in their own order. Two queries."""
    rows = list(install.checks.select_related("acknowledged_by"))
    names = [host.name for host in install.hosts.all() if host.role != InstallHost.Role.JUMP]
    whole = [""] if any(not row.host for row in rows) else []
    checks = list(dict.fromkeys(row.check_name for row in rows))
    return Matrix([*names, *whole], checks, {(row.check_name, row.host): row for row in rows})


def runs_of(install: Install) -> QuerySet[InstallRun]:
    """Its runs, newest first."""
    return install.runs.select_related("created_by").order_by("-created_at", "-id")


def newest_run(install: Install) -> InstallRun | None:
    """What runs, or ran last."""
    return runs_of(install).first()


def steps_of(run: InstallRun) -> list[InstallStep]:
    """The steps of a run in order; none before its plan was made."""
    return list(run.steps.all())


def lines_of(run: InstallRun, after: int = 0) -> list[InstallLine]:
    """The lines of a run's log numbered above `after`, in order, at most MOST_AT_ONCE."""
    return list(run.lines.filter(number__gt=after).order_by("number")[:MOST_AT_ONCE])


def events_after(install: Install, seq: int) -> QuerySet[InstallLine]:
    """The lines of all runs of an install with an id above `seq`, in the order in which they were written."""
    rows = InstallLine.objects.filter(run__install=install, pk__gt=seq).select_related("run").order_by("pk")
    return rows[:MOST_AT_ONCE]


def event_facts(line: InstallLine) -> dict[str, Any]:
    """A line as an event."""
    return {
        "seq": line.pk,
        "at": line.at,
        "kind": f"install.{line.run.kind}",
        "actor": "",
        "message": line.text,
        "data": {"run": str(line.run_id), "host": line.host, "step": line.step, "number": line.number},
    }


def planned(install: Install, kind: str = "install", **asked: object) -> list[Step]:
    """The plan as it would be made now, out of the facts that were last read. Hosts without facts are left out of
    nothing: the plan shows them as the facts of an empty machine would. Raises what the plan refuses."""
    config = config_of(install)
    facts = {row.name: row.facts or {} for row in install.hosts.defer("credential")}
    return plan(kind, config, hosts_of(install), facts, acknowledged_of(install), asked)


def rendered_files(install: Install) -> dict[str, str]:
    """The configuration that kubeadm gets on each host, by file name. No secret is in it."""
    config, hosts, taken_on = config_of(install), hosts_of(install), acknowledged_of(install)
    facts = {row.name: row.facts or {} for row in install.hosts.defer("credential")}
    return {
        f"kubeadm-{host.name}.yaml": render(config, host, facts.get(host.name, {}), hosts, taken_on) for host in hosts
    }


def installs_on(cluster: Cluster) -> list[dict[str, object]]:
    """What is in the way of removing a cluster: runs that work on it."""
    runs = InstallRun.objects.exclude(state__in=InstallRun.ENDED).filter(install__cluster=cluster)
    return [
        {"kind": "install_run", "id": str(run.pk), "name": run.install.name}
        for run in runs.exclude(kind=InstallRun.Kind.RESET).select_related("install")[:20]
    ]


def may_follow(user: User, topic: str) -> bool:
    """Whether the install `install:<id>` is this person's to see."""
    try:
        install_id = UUID(topic.partition(":")[2])
    except ValueError:
        return False
    return Install.objects.visible_to(user).filter(pk=install_id).exists()
