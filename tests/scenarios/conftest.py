"""A real workload on the sandbox, a target that points at it, and releases that are ticked by hand.

No watcher runs here: every tick looks at the API server itself, which is what a tick does while the watcher is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Team, User
from clusters.commands.register import register_cluster
from clusters.commands.source import Source
from clusters.models import Cluster, Grant
from deployments.commands import start_release
from deployments.engine.workload import is_complete
from deployments.models import Release
from deployments.plan import Wish
from deployments.tick import tick
from services.models import Environment, Service, Target
from tests.conftest import until
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl

IMAGE = "registry.shop.example/web"


class Workload:
    """One Deployment on the sandbox and the target in the catalog that points at it."""

    def __init__(self, kubectl: Kubectl, target: Target, developer: User) -> None:
        self.kubectl = kubectl
        self.target = target
        self.developer = developer
        self.path = f"/apis/apps/v1/namespaces/{target.namespace}/deployments/{target.workload}"

    def live(self) -> dict[str, Any]:
        """The Deployment as it is now."""
        return self.kubectl.get(self.path)

    def image(self) -> str:
        return str(self.live()["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]

    def ready(self) -> bool:
        """As `kubectl rollout status` says."""
        return is_complete(self.live())

    def labels(self) -> dict[str, str]:
        return dict(self.live()["metadata"].get("labels", {}))

    def deploy(self, version: str, **wish: Any) -> Release:
        """A developer asks for a version."""
        asked = Wish(image=f"{IMAGE}:{version}", **wish)
        return start_release(
            self.developer, service=self.target.service, environment=self.target.environment, wish=asked
        )


@pytest.fixture
def kubectl(sandbox_cluster: Any) -> Iterator[Kubectl]:
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        yield kubectl


@pytest.fixture
def cluster(db: None, sandbox_cluster: Any, valkey: Any) -> Cluster:
    """The sandbox, registered through the command that people use."""
    source = Source(kubeconfig=Path(sandbox_cluster.kubeconfig).read_text(), allow_private_address=True)
    return register_cluster(None, "sandbox", source)[0]


@pytest.fixture
def web(cluster: Cluster, kubectl: Kubectl, namespace: str, payments: Team, developer: User) -> Workload:
    """`web` 1.0 with two ready pods in a namespace of its own; team payments may release it."""
    kubectl.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment("web", f"{IMAGE}:1.0"))
    Grant.objects.create(team=payments, cluster=cluster, namespaces=[namespace])
    target = Target.objects.create(
        service=Service.objects.create(name="web", team=payments),
        environment=Environment.objects.create(name="dev"),
        cluster=cluster,
        namespace=namespace,
        workload="web",
        workload_key=Target.key_of(cluster.uid, namespace, "Deployment", "web"),
    )
    workload = Workload(kubectl, target, developer)
    until(workload.ready)
    return workload


@pytest.fixture
def to_the_end() -> Callable[[Release], Release]:
    """Tick a release until it has ended, as worker and watcher would."""

    def play(release: Release, *, seconds: float = 60) -> Release:
        def ended() -> bool:
            tick(release.pk)
            release.refresh_from_db()
            return release.ended

        until(ended, seconds=seconds)
        return release

    return play


@pytest.fixture
def until_phase() -> Callable[[Release, str], Release]:
    """Tick a release until it is in a phase."""

    def play(release: Release, phase: str, *, seconds: float = 60) -> Release:
        def there() -> bool:
            tick(release.pk)
            release.refresh_from_db()
            return release.phase == phase

        until(there, seconds=seconds)
        return release

    return play
