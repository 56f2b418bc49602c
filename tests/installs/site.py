"""What plans are made for in tests: a config, hosts and a bundle of a few bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from installs.bundle import Bundle, read_manifest
from installs.shapes import Config, Facts, Host

VERSION = "v1.37.2"
FILES = {
    "bin/kubeadm": "binary",
    "bin/kubelet": "binary",
    "bin/kubectl": "binary",
    "bin/crictl": "binary",
    "bin/containerd": "binary",
    "bin/ctr": "binary",
    "cni/bridge": "cni_plugin",
    "images/pause.tar": "image",
    "manifests/kube-router.yaml": "manifest",
}


def config(**changed: Any) -> Config:
    values: dict[str, Any] = {"name": "north", "kubernetes_version": VERSION, "bundle": "site"}
    return Config(**(values | changed))


def hosts(control_planes: int = 1, workers: int = 1) -> list[Host]:
    return [
        *(Host(f"cp-{n}", f"10.1.0.{n}", "control_plane") for n in range(1, control_planes + 1)),
        *(Host(f"worker-{n}", f"10.1.1.{n}", "worker", user="admin") for n in range(1, workers + 1)),
    ]


def facts(host: Host, **changed: Any) -> Facts:
    found: Facts = {
        "complete": True,
        "os": {"id": "debian", "id_like": [], "version": "12", "name": "Debian 12"},
        "cgroup": {"version": 2, "controllers": []},
        "may_lower_oom_score": True,
        "may_set_conntrack": True,
        "addresses": [{"interface": "eth0", "address": host.address, "prefix": 16, "family": 4, "dynamic": False}],
        "default_addresses": {"ipv4": host.address, "ipv6": ""},
        "packages": {"manager": "apt"},
    }
    return found | changed


def bundle(root: Path = Path("/nowhere"), version: str = VERSION, **changed: Any) -> Bundle:
    """A bundle whose files say their own names; they are written when a root is given."""
    entries = []
    for path, kind in FILES.items():
        content = f"{path} {version}\n".encode()
        if root.is_dir():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        entry = {"path": path, "kind": kind, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        if kind == "image":
            entry["images"] = ["registry.k8s.io/pause:3.10.2", "registry.k8s.io/etcd:3.7.0-0"]
        entries.append(entry)
    manifest = {"name": "site", "kubernetes_version": version, "architecture": "amd64", "files": entries} | changed
    if root.is_dir():
        (root / "manifest.json").write_text(json.dumps(manifest))
    return read_manifest(root, manifest)
