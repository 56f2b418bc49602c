"""Helm itself, a namespace of the sandbox that team payments may use, and operations carried out in the test."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from charts.models import HelmOperation
from charts.operating import advance
from clusters.models import Cluster
from tests.factories.registered import new_grant, sandbox_row
from tests.kubectl import Kubectl


@pytest.fixture(scope="session")
def helm_program() -> str:
    """The path of Helm, built once into the user's cache if the machine has none."""
    from sandbox.build import build_programs
    from sandbox.helm import HELM

    return str(build_programs(HELM, lambda _progress: None) / "helm")


@pytest.fixture
def helm_found(helm_program: str, settings: Any) -> str:
    """The portal is told which Helm to use."""
    settings.HELM = helm_program
    return helm_program


@dataclass(frozen=True)
class Place:
    """A namespace on the sandbox, seen by the portal, by kubectl and by the `helm` command."""

    cluster: Cluster
    namespace: str
    kubectl: Kubectl
    helm_program: str
    kubeconfig: Path

    def wish(self, name: str = "web", chart: str = "uploads/web", **more: Any) -> dict[str, Any]:
        """The body of an install."""
        return {"cluster": self.cluster.name, "namespace": self.namespace, "name": name, "chart": chart, **more}

    def helm(self, *arguments: str) -> str:
        """What the `helm` command prints."""
        return subprocess.run(self.command(*arguments), check=True, capture_output=True, text=True, timeout=60).stdout

    def helm_json(self, *arguments: str) -> Any:
        return json.loads(self.helm(*arguments, "--output", "json"))

    def command(self, *arguments: str) -> list[str]:
        where = ["--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace]
        return [self.helm_program, *arguments, *where]

    def objects(self, path: str) -> list[str]:
        """The names of the objects of a kind in the namespace, as `apis/apps/v1/.../deployments`."""
        prefix, _slash, plural = path.rpartition("/")
        listed = self.kubectl.get(f"/{prefix}/namespaces/{self.namespace}/{plural}")
        return sorted(item["metadata"]["name"] for item in listed["items"])


@pytest.fixture
def place(
    helm_found: str, sandbox_cluster: Any, namespace: str, valkey: Any, payments: Team, developer: User
) -> Iterator[Place]:
    """A namespace that team payments holds a grant for."""
    cluster = sandbox_row(sandbox_cluster)
    new_grant(payments, cluster, namespace)
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        yield Place(cluster, namespace, kubectl, helm_found, Path(sandbox_cluster.kubeconfig))


def carried_out(answer: Any, *, seconds: float = 60) -> HelmOperation:
    """The operation that a call began, after workers have brought it to its end."""
    assert answer.status_code == 202, answer.content
    operation = HelmOperation.objects.get(release_id=answer.json()["id"], ended_at=None)
    return ended(operation, seconds=seconds)


def ended(operation: HelmOperation, *, seconds: float = 60) -> HelmOperation:
    """The same for an operation in hand: passes follow each other as soon as they are due."""
    give_up = time.monotonic() + seconds
    while not operation.has_ended:
        assert time.monotonic() < give_up, [line.text for line in operation.lines.all()]
        advance(operation.pk)
        operation.refresh_from_db()
        if operation.due_at and operation.due_at > timezone.now():
            time.sleep(0.05)
    return operation


def log_of(operation: HelmOperation) -> str:
    return "\n".join(line.text for line in operation.lines.all())
