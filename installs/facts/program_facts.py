"""Programs, container runtimes, Kubernetes packages and what an earlier cluster left."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from installs.facts.limits import MOST_ITEMS, clean, pairs

_VERSION = re.compile(r"\bv?(\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[0-9A-Za-z.]{1,40})?)")
_OTHER_RUNTIMES = ("docker", "crio", "cri-docker")
_PATH = re.compile(r"/[A-Za-z0-9._/+@-]{1,200}")


def read(lines: Callable[[str], list[str]], units: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The keys tools, runtime, packages, leftovers and cni_configs."""
    return {
        "tools": pairs(lines("tools")),
        "runtime": {
            "sockets": _paths(lines("runtime_sockets")),
            "others": [name for name in _OTHER_RUNTIMES if units.get(name, ("",))[0] == "active"],
            "containerd": _containerd(lines, units),
            "cri": _cri(lines("cri")),
        },
        "packages": {
            "kubelet": _version(lines("kubelet")),
            "kubeadm": _version(lines("kubeadm")),
            "kubectl": _version(lines("kubectl")),
            "held": [clean(line, 80) for line in lines("held") if re.search(r"kube(let|adm|ctl)", line)][:16],
            "kubelet_unit": clean(units.get("kubelet", ("", ""))[1], 32),
            "kubelet_active": units.get("kubelet", ("", ""))[0] == "active",
            "manager": clean((lines("manager") or [""])[0], 16).replace("apt-get", "apt"),
        },
        "leftovers": _paths(lines("leftovers")),
        "cni_configs": _paths(lines("cni_configs")),
    }


def _paths(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines[:MOST_ITEMS] if _PATH.fullmatch(line.strip())]


def _version(lines: list[str]) -> str:
    found = _VERSION.search(lines[0]) if lines else None
    return f"v{found[1]}" if found else ""


def _containerd(lines: Callable[[str], list[str]], units: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    said: dict[str, str] = {}
    for line in lines("containerd_config"):
        name, equals, value = line.partition("=")
        if equals:
            said.setdefault(name.strip(), clean(value).strip("\"'"))
    systemd = said.get("SystemdCgroup", said.get("systemd_cgroup"))
    return {
        "version": _version(lines("containerd_version")).removeprefix("v"),
        "active": units.get("containerd", ("",))[0] == "active",
        "systemd_cgroup": None if systemd is None else systemd == "true",
        "sandbox_image": said.get("sandbox_image", said.get("sandbox", "")),
        "cri_disabled": "cri" in re.findall(r"[\w.-]+", said.get("disabled_plugins", ""))
        or "io.containerd.grpc.v1.cri" in said.get("disabled_plugins", ""),
    }


def _cri(lines: list[str]) -> dict[str, str]:
    said = {}
    for line in lines[:16]:
        name, colon, value = line.partition(":")
        if colon:
            said[name.strip()] = clean(value, 64)
    return {
        "name": said.get("RuntimeName", ""),
        "version": said.get("RuntimeVersion", ""),
        "api": said.get("RuntimeApiVersion", ""),
    }
