"""Access to a host, and whether the machine and its kernel can carry a node."""

from __future__ import annotations

import re

from installs.checks.seen import Finding, Seen, failed, listed, passed, unknown, version_of, warned

CONTROL_PLANE_MEMORY_MB = 1700  # kubeadm's constant ControlPlaneMem
WORKER_MEMORY_MB = 1024  # kubespray's minimal_node_memory_mb
_CPUS = 2

# The oldest release that is known to work, by ID of /etc/os-release.
_SYSTEMS: dict[str, tuple[int, ...]] = {
    "ubuntu": (18, 4),
    "debian": (10,),
    "centos": (8,),
    "rhel": (8,),
    "rocky": (8,),
    "almalinux": (8,),
    "ol": (8,),
    "fedora": (38,),
    "amzn": (2023,),
    "kylin": (10,),
    "openeuler": (20, 3),
    "opensuse-leap": (15,),
    "sles": (15,),
}
_REQUIRED_OPTIONS = (
    "NAMESPACES", "NET_NS", "PID_NS", "IPC_NS", "UTS_NS", "CGROUPS", "CGROUP_CPUACCT", "CGROUP_DEVICE",
    "CGROUP_FREEZER", "CGROUP_PIDS", "CGROUP_SCHED", "CPUSETS", "MEMCG", "INET", "EXT4_FS", "PROC_FS",
    "NETFILTER_XT_TARGET_REDIRECT", "NETFILTER_XT_MATCH_COMMENT", "FAIR_GROUP_SCHED",
)  # fmt: skip
_ALIASES = {"NETFILTER_XT_TARGET_REDIRECT": "IP_NF_TARGET_REDIRECT"}
_WISHED_OPTIONS = ("OVERLAY_FS", "CFS_BANDWIDTH", "SECCOMP")
# On v2 devices and freezer are no controllers of their own: eBPF and the core do their work.
_CONTROLLERS = {
    1: ("cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"),
    2: ("cpu", "cpuset", "memory", "pids"),
}
_CONTAINER_RUNTIMES = "https://kubernetes.io/docs/setup/production-environment/container-runtimes/"


def ssh(seen: Seen) -> Finding:
    """Whose facts were read, was reached."""
    return passed("reached, host key as confirmed", "SSH answers within 5 s with the confirmed host key")


def privileges(seen: Seen) -> Finding:
    """Root, or an account that becomes root."""
    expected = "commands run as root, directly or by sudo"
    problem = seen.probe("privileges")
    if problem:
        return failed(str(problem), expected, kubeadm_name="IsPrivilegedUser")
    if seen.get("is_root") is True:
        return passed("root" if seen.host.user == "root" else f"root by sudo from {seen.host.user}", expected)
    uid = seen.get("uid")
    if uid is None:
        return unknown("the host did not say who it runs commands as", expected, kubeadm_name="IsPrivilegedUser")
    return failed(f"commands run as user {uid}", expected, kubeadm_name="IsPrivilegedUser")


def os(seen: Seen) -> Finding:
    """A distribution that is known to work, with systemd."""
    expected = f"systemd, and one of {', '.join(_SYSTEMS)} in a release that is known to work"
    system = seen.get("os") or {}
    name = system.get("name") or system.get("id") or "an unknown system"
    if not seen.get("systemd"):
        return failed(f"{name} without systemd", expected)
    known = _SYSTEMS.get(str(system.get("id")))
    version = tuple(int(part) for part in re.findall(r"\d{1,6}", str(system.get("version", "")))[:2])
    if known is None:
        return failed(f"{name} is not on the list of known systems", expected)
    if not version:
        return warned(f"{name} does not say its version", expected)
    if version < known:
        return failed(f"{name} is older than {'.'.join(map(str, known))}", expected)
    return passed(str(name), expected)


def architecture(seen: Seen) -> Finding:
    """amd64 or arm64, best the same on all hosts."""
    expected = "amd64 or arm64, the same on all hosts"
    own = str(seen.get("architecture") or "")
    if not own:
        return unknown("the host did not say", expected)
    if own not in ("amd64", "arm64"):
        return failed(own, expected)
    others = {str((facts or {}).get("architecture") or own) for facts in seen.all.facts.values()}
    if len(others) > 1:
        return warned(f"{own}; other hosts are {listed(sorted(others - {own}))}", expected)
    return passed(own, expected)


def cpu(seen: Seen) -> Finding:
    """At least two; a worker may live with one."""
    expected = f"at least {_CPUS} CPUs"
    count = seen.get("cpus")
    if count is None:
        return unknown("the host did not say", expected, kubeadm_name="NumCPU")
    if count >= _CPUS:
        return passed(f"{count} CPUs", expected)
    if seen.is_control_plane:
        return failed(f"{count} CPU", expected, kubeadm_name="NumCPU")
    return warned(f"{count} CPU", expected, kubeadm_name="NumCPU")


def memory(seen: Seen) -> Finding:
    """kubeadm's minimum on control planes, kubespray's on workers."""
    least = CONTROL_PLANE_MEMORY_MB if seen.is_control_plane else WORKER_MEMORY_MB
    expected = f"at least {least} MB, better 2048 MB or more"
    found = seen.get("memory_mb")
    if found is None:
        return unknown("the host did not say", expected, kubeadm_name="Mem")
    if found < least:
        return failed(f"{found} MB", expected, kubeadm_name="Mem")
    if found < CONTROL_PLANE_MEMORY_MB:
        return warned(f"{found} MB", expected)
    return passed(f"{found} MB", expected)


def kernel(seen: Seen) -> Finding:
    """What the version's own system verification accepts."""
    is_strict = seen.all.minor >= (1, 32)
    expected = "4.19, or 5.0 and newer" if is_strict else "3.10 or newer"
    release = str(seen.get("kernel") or "")
    major, minor, _patch = version_of(release)
    if not release or not major:
        return unknown("the host did not say", expected, kubeadm_name="SystemVerification")
    is_fit = ((major, minor) == (4, 19) or major >= 5) if is_strict else (major, minor) >= (3, 10)
    if not is_fit:
        return failed(release, expected, kubeadm_name="SystemVerification")
    return passed(release, expected)


def kernel_config(seen: Seen) -> Finding:
    """The options that kubeadm's system verification asks for."""
    expected = f"built with {listed(_REQUIRED_OPTIONS, 30)}"
    source, options = seen.get("kernel_config", "source"), seen.get("kernel_config", "options") or {}
    if not source:
        return unknown("no configuration of the kernel can be read", expected, severity="warning")

    def has(option: str) -> bool:
        return option in options or _ALIASES.get(option, option) in options

    missing = [option for option in _REQUIRED_OPTIONS if not has(option)]
    if missing:
        return failed(f"{source} lacks {listed(missing, 20)}", expected, kubeadm_name="SystemVerification")
    wished = [option for option in _WISHED_OPTIONS if not has(option)]
    if wished:
        return warned(f"{source} lacks {listed(wished)}", f"{expected}; better also {listed(_WISHED_OPTIONS)}")
    return passed(f"{source} has them all", expected)


def cgroup(seen: Seen) -> Finding:
    """Version 2 for a kubelet of today; on version 1 the kubelet has to be told not to refuse it."""
    version = seen.get("cgroup", "version")
    found = seen.get("cgroup", "controllers") or []
    expected = f"cgroup v2 with {', '.join(_CONTROLLERS[2])}"
    more = {"doc": _CONTAINER_RUNTIMES, "kubeadm_name": "SystemVerification"}
    if version not in (1, 2):
        return failed("no cgroup controllers are mounted", expected, **more)
    missing = [name for name in _CONTROLLERS[version] if name not in found]
    if missing:
        return failed(f"v{version} without {listed(missing)}", expected, **more)
    if version == 1 and seen.all.minor >= (1, 31):
        effect = "the kubelet is told to accept it" if seen.all.minor >= (1, 35) else "it is deprecated"
        return warned(f"v1 with {', '.join(found)}: {effect}", expected, **more)
    return passed(f"v{version} with {', '.join(found)}", expected, doc=_CONTAINER_RUNTIMES)
