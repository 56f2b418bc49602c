"""T05: a kubeconfig that wants programs run is refused, and nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusters.commands.register import register_cluster
from clusters.commands.source import Source
from clusters.connection.kubeconfig import read_kubeconfig
from clusters.errors import ClusterRefused
from clusters.models import Cluster
from tests.factories.kubeconfigs import as_text, kubeconfig


def users(canary: Path) -> dict[str, dict[str, Any]]:
    command = {"command": "/bin/sh", "args": ["-c", f"touch {canary}"]}
    return {
        "exec": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", **command}},
        "auth-provider": {
            "auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/touch", "cmd-args": str(canary)}}
        },
    }


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["exec", "auth-provider"])
def test_t05_kubeconfig_exec_is_refused(kind: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    text = as_text(kubeconfig(user={**users(canary)[kind], "token": "abc"}))
    with pytest.raises(ClusterRefused) as caught:
        register_cluster(None, "evil", Source(kubeconfig=text))
    assert caught.value.step == "parse"
    assert f"users[u].user.{kind}" in caught.value.detail
    assert "create token" in caught.value.next
    assert not canary.exists()
    assert not Cluster.objects.exists()


@pytest.mark.parametrize("field", ["as", "as-groups", "as-user-extra", "username", "password", "wheel"])
def test_t05_other_ways_to_be_somebody_else_are_refused(field: str) -> None:
    with pytest.raises(ClusterRefused, match=field):
        read_kubeconfig(as_text(kubeconfig(user={"token": "abc", field: "root"})))
