"""What an install is made of, as plain values: pure modules take and answer these, rows are read into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["control_plane", "worker", "jump"]
Severity = Literal["error", "warning"]
CheckStatus = Literal["pass", "warn", "fail", "skip", "unknown"]


@dataclass(frozen=True, slots=True)
class Host:
    """A machine as the user named it. `name` becomes the node's name. A `jump` host only passes connections on."""

    name: str
    address: str
    role: Role
    port: int = 22
    user: str = "root"


@dataclass(frozen=True, slots=True)
class Config:
    """What the cluster shall be. `bundle` names an offline bundle; "" takes packages from `package_repository`.

    `control_plane_endpoint` is host:port, "" the first control plane's own address. `cni` is the name of a manifest
    that the bundle or Slipway has, or `own` with its text in `cni_manifest`.
    """

    name: str
    kubernetes_version: str
    pod_cidr: str = "10.244.0.0/16"
    service_cidr: str = "10.96.0.0/12"
    dns_domain: str = "cluster.local"
    control_plane_endpoint: str = ""
    cni: str = "kube-router"
    cni_manifest: str = ""
    image_repository: str = ""
    container_runtime: str = "containerd"
    bundle: str = ""
    package_repository: str = ""
    cert_sans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fix:
    """How a finding is mended: `id` is stable, `commands` are the exact shell lines, run as root on confirmation.

    `alternatives` are other ways to mend it; the fix itself is the one that is run unless a person chose another.
    """

    id: str
    title: str
    commands: tuple[str, ...]
    alternatives: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One cell of the matrix. `host` is "" for what concerns the install as a whole."""

    host: str
    check: str
    severity: Severity
    status: CheckStatus
    observed: str
    expected: str
    kubeadm_name: str = ""
    doc: str = ""
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file that a step puts on its host: a text of ours, or a member of the offline bundle with its SHA-256."""

    path: str
    text: str | None = None
    member: str = ""
    sha256: str = ""
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do on one host, as data.

    Stages run one after another; within a stage hosts run side by side and the steps of a host in order. Scripts are
    POSIX shell run as root. `probe` exits 0 when the step is already done; `verify` (default: `probe`) exits 0 when
    `script` has done it; `undo` takes it back. `needs` names secrets that the scripts read from the environment
    (never from their text); a line `::give NAME=VALUE` on the output of the script answers such a secret, which
    is kept encrypted and never shown. `kind` `register` is done by the portal itself with what was given. A step that
    `is_repeatable` goes on where an interrupted attempt left off; any other is undone before it is tried again.
    """

    id: str
    host: str
    stage: int
    title: str
    script: str
    kind: Literal["host", "register"] = "host"
    probe: str = ""
    verify: str = ""
    undo: str = ""
    files: tuple[File, ...] = ()
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    timeout_seconds: int = 300
    is_repeatable: bool = False


# What was read from one host: see installs.facts. None: the host could not be read.
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A warning (or an error that may be overridden) that a person took on, with the reason."""

    host: str
    check: str
    reason: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the portal knows beyond the hosts: networks of registered clusters by name, and its own clock."""

    cluster_networks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    portal_time: float = 0.0
