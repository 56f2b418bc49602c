"""What a check looks at, and the shape of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from installs.shapes import CheckResult, CheckStatus, Config, Facts, Fix, Host, Severity, Surroundings

_INSTALL_KUBEADM = "https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check, before host and name are put to it."""

    status: CheckStatus
    observed: str
    expected: str
    severity: Severity = "error"
    kubeadm_name: str = ""
    fix: Fix | None = None
    doc: str = _INSTALL_KUBEADM

    def named(self, host: str, check: str) -> CheckResult:
        """The record of it."""
        return CheckResult(
            host=host,
            check=check,
            severity=self.severity,
            status=self.status,
            observed=self.observed[:2000],
            expected=self.expected[:1000],
            kubeadm_name=self.kubeadm_name,
            doc=self.doc,
            fix=self.fix if self.status in ("warn", "fail") else None,
        )


def passed(observed: str, expected: str, **more: Any) -> Finding:
    """All is well."""
    return Finding("pass", observed, expected, **more)


def failed(observed: str, expected: str, **more: Any) -> Finding:
    """The install may not start like this."""
    return Finding("fail", observed, expected, **more)


def warned(observed: str, expected: str, **more: Any) -> Finding:
    """The install may start once a person took this on."""
    return Finding("warn", observed, expected, severity="warning", **more)


def skipped(why: str, expected: str = "", **more: Any) -> Finding:
    """The rule does not apply."""
    return Finding("skip", why, expected, severity="warning", **more)


def unknown(why: str, expected: str, **more: Any) -> Finding:
    """It could not be found out."""
    return Finding("unknown", why, expected, **more)


@dataclass(frozen=True, slots=True)
class All:
    """What is known of the whole install. `minor` is of the Kubernetes version that is asked for; `addresses` are those
    that nodes use among each other, "" where none is known."""

    config: Config
    hosts: Sequence[Host]
    facts: Mapping[str, Facts | None]
    probes: Mapping[str, Any]
    surroundings: Surroundings
    addresses: Mapping[str, str]

    @property
    def nodes(self) -> list[Host]:
        return [host for host in self.hosts if host.role != "jump"]

    @property
    def control_planes(self) -> list[Host]:
        return [host for host in self.hosts if host.role == "control_plane"]

    @property
    def minor(self) -> tuple[int, int]:
        return version_of(self.config.kubernetes_version)[:2]

    @property
    def has_ipv6(self) -> bool:
        return ":" in self.config.pod_cidr or ":" in self.config.service_cidr

    def probe(self, part: str, host: str) -> Any:
        """What was tried on the host, None where it was not."""
        found = self.probes.get(part)
        return found.get(host) if isinstance(found, Mapping) else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one host whose facts were read."""

    all: All
    host: Host
    facts: Facts

    @property
    def config(self) -> Config:
        return self.all.config

    @property
    def is_control_plane(self) -> bool:
        return self.host.role == "control_plane"

    @property
    def is_container(self) -> bool:
        """Whether the host is a container on a machine whose clock, swap and firmware are not its own."""
        return bool(self.facts.get("container"))

    @property
    def is_member(self) -> bool:
        """Whether the host is a node of this very cluster already."""
        return self.host.name in (self.all.probes.get("members") or ())

    @property
    def address(self) -> str:
        return self.all.addresses.get(self.host.name, "")

    def get(self, *path: str) -> Any:
        """A fact by its path; None where it is not there."""
        value: Any = self.facts
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def probe(self, part: str) -> Any:
        return self.all.probe(part, self.host.name)


Rule = Callable[[Seen], Finding]
WholeRule = Callable[[All], Finding]


def version_of(text: str) -> tuple[int, int, int]:
    """Major, minor and patch in a version, zeros where there are none."""
    numbers = []
    for part in text.lstrip("v").split("-")[0].split(".")[:3]:
        digits = "".join(sign for sign in part if sign in "0123456789")[:6]
        numbers.append(int(digits or "0"))
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return major, minor, patch


def listed(items: Sequence[object], most: int = 8) -> str:
    """`a, b and 3 more`."""
    shown = ", ".join(str(item) for item in items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown


def size(megabytes: int) -> str:
    """`512 MB` or `20.0 GB`."""
    return f"{megabytes} MB" if megabytes < 10 * 1024 else f"{megabytes / 1024:.0f} GB"
