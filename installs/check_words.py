"""What people call the checks, and the order in which a table shows them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: dict[str, str | Promise] = {
    "ssh": _("SSH login"),
    "host_key": _("Host key"),
    "privileges": _("Root or sudo"),
    "os": _("Operating system"),
    "architecture": _("Architecture"),
    "cpu": _("CPU"),
    "memory": _("Memory"),
    "disk": _("Disk"),
    "etcd_disk": _("Disk of etcd"),
    "kernel": _("Kernel"),
    "kernel_config": _("Kernel configuration"),
    "cgroup": _("cgroup version"),
    "swap": _("Swap"),
    "selinux": _("SELinux"),
    "firewall": _("Firewall"),
    "ports_free": _("Ports free"),
    "ports_reachable": _("Ports reachable"),
    "sysctl": _("sysctl"),
    "modules": _("Kernel modules"),
    "tools": _("Tools"),
    "runtime": _("Container runtime"),
    "packages": _("Kubernetes packages"),
    "clean_node": _("Clean node"),
    "hostname": _("Host name"),
    "time": _("Time"),
    "dns": _("DNS"),
    "address": _("Address"),
    "networks": _("Networks"),
    "control_plane_count": _("Number of control planes"),
    "images": _("Images"),
    "bundle": _("Offline bundle"),
    "proxy": _("Proxy"),
    "cni": _("Pod network"),
    "external_etcd": _("External etcd"),
    "rejoin": _("Joining again"),
}
_ORDER = {name: index for index, name in enumerate(TITLES)}


def title_of(check: str) -> str:
    """The title of a check; one that has none yet is called by its name."""
    return str(TITLES.get(check, check.replace("_", " ")))


def place_of(check: str) -> tuple[int, str]:
    """Where a check stands in a table: those without a title come last, by name."""
    return _ORDER.get(check, len(_ORDER)), check
