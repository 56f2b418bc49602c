"""Installs with hosts, results of checks, runs and logs, for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from clusters.models import Cluster
from installs.models import CheckRecord, Install, InstallHost, InstallLine, InstallRun, InstallStep

CONFIG = {
    "kubernetes_version": "v1.37.2",
    "pod_cidr": "10.244.0.0/16",
    "service_cidr": "10.96.0.0/12",
    "dns_domain": "cluster.local",
    "control_plane_endpoint": "",
    "cni": "kube-router",
    "cni_manifest": "",
    "image_repository": "",
    "container_runtime": "containerd",
    "bundle": "",
    "package_repository": "",
    "cert_sans": [],
}
# Keys of nobody: their private halves were never kept.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGUVDnLdP4xE4nKz1lR3yXjGGSJ0NDxfnuhZtdy4M9pM"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
SECRET = "planted-password"
FIREWALL = {
    "id": "firewall_open_ports",
    "title": "Open the ports that the node needs",
    "commands": ["firewall-cmd --permanent --add-port=10250/tcp", "firewall-cmd --reload"],
    "alternatives": [
        {"id": "firewall_off", "title": "Turn firewalld off", "commands": ["systemctl disable --now firewalld"]}
    ],
}


def new_install(name: str = "harbour-2", *, hosts: int = 2, by: User | None = None, **values: Any) -> Install:
    """A draft with one control plane and workers, whose keys are confirmed and whose password is kept."""
    config = {**CONFIG, **values.pop("config", {})}
    install = Install.objects.create(name=name, config=config, created_by=by, **values)
    for number in range(hosts):
        new_host(install, f"node-{number + 1}", f"192.0.2.{number + 11}", number=number)
    return install


def new_host(install: Install, name: str, address: str, **values: Any) -> InstallHost:
    """A host of the install: the first is the control plane."""
    role = "control_plane" if values.get("number", 0) == 0 else "worker"
    given = {"role": role, "credential": {"password": SECRET}, "host_key": KEY, **values}
    return InstallHost.objects.create(install=install, name=name, address=address, **given)


def new_check(install: Install, check: str, host: str = "node-1", status: str = "pass", **values: Any) -> CheckRecord:
    """The result of one check."""
    given = {"severity": "error", "observed": f"{check} as it is", "expected": f"{check} as it should be", **values}
    return CheckRecord.objects.create(install=install, check_name=check, host=host, status=status, **given)


def new_install_run(install: Install, kind: str = "install", state: str = "running", **values: Any) -> InstallRun:
    """A run that no worker looks at."""
    ended = timezone.now() if state in InstallRun.ENDED else None
    return InstallRun.objects.create(install=install, kind=kind, state=state, ended_at=ended, due_at=None, **values)


def new_step(run: InstallRun, number: int, title: str, host: str = "", state: str = "pending", **values: Any) -> Any:
    """A step of a run."""
    began = None if state == "pending" else timezone.now() - timedelta(seconds=30)
    ended = timezone.now() if state in ("succeeded", "failed") else None
    given = {"stage": number, "key": f"step-{number}-{host}", "plan": {}, "started_at": began, "ended_at": ended}
    return InstallStep.objects.create(
        run=run, number=number, host=host, title=title, state=state, **{**given, **values}
    )


def log(run: InstallRun, *lines: str, host: str = "", step: str = "") -> None:
    """Lines of a run's log."""
    first = run.lines.count() + 1
    for number, text in enumerate(lines, first):
        InstallLine.objects.create(run=run, number=number, host=host, step=step, text=text)


def checked_install(by: User | None = None, **values: Any) -> Install:
    """Two hosts that were looked at: swap is on, a clock is a little off, the rest is as it should be."""
    given = {"status": "checked", "checked_at": timezone.now(), **values}
    install = new_install(by=by, **given)
    install.hosts.update(facts={"packages": {"manager": "apt"}, "cgroup": {"version": 2}})
    for host in ("node-1", "node-2"):
        for check in ("ssh", "privileges", "os", "cpu", "memory", "kernel", "ports_free"):
            new_check(install, check, host)
    fix = {
        "id": "swap_off",
        "title": "Turn swap off",
        "commands": ["swapoff -a", "sed -i.slipway '/\\sswap\\s/d' /etc/fstab", "systemctl mask swap.target"],
    }
    swap = {"observed": "/dev/sda2 is swapped to, 2048 MiB", "expected": "no swap", "kubeadm_name": "Swap", "fix": fix}
    new_check(install, "swap", "node-1", "fail", **swap)
    new_check(install, "swap", "node-2")
    new_check(install, "firewall", "node-2", "warn", severity="warning", observed="firewalld: running", fix=FIREWALL)
    new_check(install, "time", "node-1")
    cgroup = {"observed": "v1", "expected": "cgroup v2", "kubeadm_name": "SystemVerification", "severity": "warning"}
    new_check(install, "cgroup", "node-1", "warn", **cgroup)
    words = {"observed": "1.4 s behind the portal", "expected": "within 1 s"}
    new_check(install, "time", "node-2", "warn", severity="warning", **words)
    new_check(
        install, "control_plane_count", "", "warn", severity="warning", observed="1", expected="an odd number > 1"
    )
    return install


def running_install(by: User | None = None, state: str = "running", **values: Any) -> tuple[Install, InstallRun]:
    """An install in the middle of its run, or one whose run has failed at joining."""
    is_failed = state == "failed"
    install = checked_install(by, status=state, config={"bundle": ""}, **values)
    problem = "node-2 could not join: the token was refused (401)." if is_failed else ""
    run = new_install_run(install, state=state, problem=problem, created_by=by)
    done = [("Install containerd", "node-1"), ("Install containerd", "node-2"), ("kubeadm init", "node-1")]
    for number, (title, host) in enumerate(done, 1):
        new_step(run, number, title, host, "succeeded", stage=1 if number < 3 else 2)
    new_step(run, 4, "kubeadm join", "node-2", "failed" if is_failed else "running", stage=3, problem=problem)
    new_step(run, 5, "Register the cluster", "node-1", stage=4)
    log(run, "unpacking containerd", "[init] Using Kubernetes version: v1.37.2", host="node-1", step="step-3-node-1")
    log(run, "[preflight] Running pre-flight checks", host="node-2", step="step-4-node-2")
    return install, run


def installed(cluster: Cluster, by: User | None = None, **values: Any) -> Install:
    """An install that became the cluster."""
    install = new_install("harbour-1", by=by, status="succeeded", cluster=cluster, checked_at=timezone.now(), **values)
    run = new_install_run(install, state="succeeded", created_by=by)
    new_step(run, 1, "kubeadm init", "node-1", "succeeded")
    return install
