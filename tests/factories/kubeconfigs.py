"""Kubeconfigs for tests, good ones and hostile ones."""

from __future__ import annotations

import base64
from copy import deepcopy
from typing import Any

import yaml


def kubeconfig(
    server: str = "https://192.0.2.10:6443",
    *,
    ca: str = "",
    user: dict[str, Any] | None = None,
    cluster: dict[str, Any] | None = None,
    context: str = "main",
) -> dict[str, Any]:
    """A kubeconfig with one context, whose user and cluster may be given more fields."""
    authority = {"certificate-authority-data": base64.b64encode(ca.encode()).decode()} if ca else {}
    return deepcopy(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server, **authority, **(cluster or {})}}],
            "users": [{"name": "u", "user": {"token": "abc"} if user is None else user}],
        }
    )


def as_text(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False)
