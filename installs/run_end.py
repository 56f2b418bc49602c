"""The end of a run: its outcome, what the install is then, and what is forgotten with it."""

from __future__ import annotations

from collections.abc import Collection

from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import audit
from clusters.commands.refresh import refresh_cluster
from clusters.commands.remove import remove_cluster
from clusters.errors import ClusterInUse
from durable.row_lease import Held, LeaseLost
from installs.models import CheckRecord, Install, InstallRun, InstallStep
from installs.run_log import Log
from web.errors import SlipwayError
from web.live import publish

_LOOKS = (InstallRun.Kind.PREFLIGHT, InstallRun.Kind.FIX)
# kubernetes cmd/kubeadm/app/preflight/checks.go: these are warnings there too.
_KUBEADM_ONLY_WARNS = ("Firewalld", "Swap", "Hostname", "Service-", "HTTPProxy", "FileExisting-")
# What an install stays when it is only looked at.
_LASTING = (Install.Status.SUCCEEDED, Install.Status.FAILED, Install.Status.CANCELLED)


def blockers(install: Install, hosts: Collection[str] | None = None) -> list[CheckRecord]:
    """What is in the way of an install, of these hosts where hosts are given: errors that nobody took on, and warnings
    of ours at which kubeadm itself stops: it is told to go on by an acknowledgement alone."""
    rows = install.checks.filter(acknowledged_at=None, status__in=("fail", "warn"))
    return [
        row
        for row in rows
        if (hosts is None or row.host in hosts)
        and (_stops_kubeadm(row.kubeadm_name) if row.status == "warn" else row.severity == "error")
    ]


def _stops_kubeadm(name: str) -> bool:
    """Whether kubeadm treats what it calls so as an error."""
    return bool(name) and not name.startswith(_KUBEADM_ONLY_WARNS)


def end(held: Held, run: InstallRun, state: str, problem: str, told: Log) -> None:
    """Write the outcome down, once. Raises LeaseLost when another owns the run."""
    install = run.install
    if state == InstallRun.State.SUCCEEDED and run.kind == InstallRun.Kind.RESET:
        problem = _forget_cluster(run, told)
    if state == InstallRun.State.SUCCEEDED and run.kind == InstallRun.Kind.UPGRADE and run.install.cluster:
        # The pages of the cluster show its new version with the run's last word, and not a pulse later.
        refresh_cluster(None, run.install.cluster)
    told.say(_words(run, state, problem))
    with atomic():
        ended = InstallRun.objects.filter(held.row()).update(
            state=state, problem=problem, ended_at=timezone.now(), due_at=None, lease_owner="", lease_until=None
        )
        if not ended:
            raise LeaseLost
        values: dict[str, object] = {"status": _status(run, state), "problem": "" if run.kind in _LOOKS else problem}
        if run.kind in _LOOKS and state == InstallRun.State.FAILED:
            values["problem"] = problem
        if state == InstallRun.State.SUCCEEDED:
            values |= _succeeded(run)
        # Secrets of steps live as long as their run: a retry has them given again.
        Install.objects.filter(pk=install.pk).update(**values, secrets=None)
        audit(run.created_by, f"install.{run.kind}.{state}", install, after={"run": str(run.pk), "problem": problem})
        publish(f"install:{install.pk}", "installs")


def _status(run: InstallRun, state: str) -> str:
    before = run.asked.get("status_before", "")
    if run.kind in _LOOKS:
        if before in _LASTING:
            return str(before)
        return (
            Install.Status.CHECKED
            if state == InstallRun.State.SUCCEEDED or before == "checked"
            else Install.Status.DRAFT
        )
    if state == InstallRun.State.SUCCEEDED:
        return Install.Status.DRAFT if run.kind == InstallRun.Kind.RESET else Install.Status.SUCCEEDED
    return Install.Status.CANCELLED if state == InstallRun.State.CANCELLED else Install.Status.FAILED


def _succeeded(run: InstallRun) -> dict[str, object]:
    """What the run makes of the install. In the transaction of its end."""
    install, kinds = run.install, InstallRun.Kind
    if run.kind in _LOOKS:
        return {"checked_at": timezone.now()}
    if run.kind == kinds.REMOVE_NODE:
        install.hosts.filter(name=run.asked["host"]).delete()
        install.checks.filter(host=run.asked["host"]).delete()
    if run.kind == kinds.UPGRADE:
        bundle = {"bundle": run.asked["bundle"]} if run.asked.get("bundle") else {}
        return {"config": {**install.config, "kubernetes_version": run.asked["version"], **bundle}}
    if run.kind == kinds.RESET:
        install.checks.all().delete()
        done = InstallStep.objects.filter(run__install=install, state=InstallStep.State.SUCCEEDED).exclude(run=run)
        done.update(state=InstallStep.State.UNDONE)
        return {"checked_at": None}
    return {}


def _forget_cluster(run: InstallRun, told: Log) -> str:
    """The cluster is gone from its hosts; the portal forgets it too. Answers what is in the way, if anything."""
    cluster, by = run.install.cluster, run.created_by
    if cluster is None or by is None:
        return ""
    try:
        remove_cluster(by, cluster)
    except (ClusterInUse, SlipwayError) as error:
        return _("The cluster is gone from its hosts, but its entry stays: %(why)s") % {"why": error.detail}
    told.say(_("%(name)s is no longer registered") % {"name": cluster.name})
    return ""


def _words(run: InstallRun, state: str, problem: str) -> str:
    words = {
        InstallRun.State.SUCCEEDED: _("%(what)s has succeeded"),
        InstallRun.State.FAILED: _("%(what)s has failed"),
        InstallRun.State.CANCELLED: _("%(what)s was cancelled"),
    }
    said = words[InstallRun.State(state)] % {"what": run.get_kind_display()}
    return f"{said}: {problem}" if problem else said
