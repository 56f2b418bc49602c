"""Saved clusters with credentials, grants on them, and the sandbox as one."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from accounts.models import Team
from clusters.commands.source import Source
from clusters.connection.kubeconfig import read_kubeconfig
from clusters.models import Cluster, ClusterCredential, Grant

_numbers = count(1)


def saved_cluster(name: str = "", *, bearer: str = "abc", **values: Any) -> Cluster:
    """A saved cluster that nobody has contacted, with a token."""
    number = next(_numbers)
    defaults = {"api_url": "https://192.0.2.10:6443", "kubernetes_version": "v1.37.2", "uid": f"uid-{number}"}
    cluster = Cluster.objects.create(name=name or f"saved-{number}", **{**defaults, **values})
    ClusterCredential.objects.create(cluster=cluster, kind="token", secret={"token": bearer})
    return cluster


def new_grant(team: Team, cluster: Cluster, *namespaces: str) -> Grant:
    """The team may use the namespaces (all of them when none is named)."""
    return Grant.objects.create(team=team, cluster=cluster, namespaces=list(namespaces) or ["*"])


def sandbox_source(sandbox: Any, **values: Any) -> Source:
    """The sandbox's kubeconfig as an admin would paste it."""
    text = Path(sandbox.kubeconfig).read_text()
    return Source(kubeconfig=text, **{"allow_private_address": True, **values})


def sandbox_row(sandbox: Any, name: str = "sandbox") -> Cluster:
    """The sandbox as a saved cluster, without the check of a registration."""
    found = read_kubeconfig(Path(sandbox.kubeconfig).read_text())
    cluster = Cluster.objects.create(
        name=name, api_url=found.api_url, ca_data=found.ca_data, allow_private_address=True, status="connected"
    )
    secret = {"certificate": found.certificate, "key": found.key}
    ClusterCredential.objects.create(cluster=cluster, kind="client_certificate", secret=secret)
    return cluster
