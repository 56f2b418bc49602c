"""Installs and their hosts, for tests."""

from __future__ import annotations

from typing import Any

VERSION = "v1.37.2"


def host_body(
    name: str = "m1", address: str = "192.0.2.11", role: str = "control_plane", **values: Any
) -> dict[str, Any]:
    """A host as the API takes it."""
    credential = {"password": "correct horse"}
    return {"name": name, "address": address, "role": role, "credential": credential, **values}


def install_body(name: str = "lab", hosts: Any = None, **values: Any) -> dict[str, Any]:
    """An install as the API takes it."""
    return {
        "name": name,
        "kubernetes_version": VERSION,
        "package_repository": "https://pkgs.example/deb/",
        "hosts": [host_body()] if hosts is None else hosts,
        **values,
    }
