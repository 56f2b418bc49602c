"""The catalog for tests: rows as people would have made them, and Deployments as a watcher would have seen them."""

from __future__ import annotations

from itertools import count
from typing import Any

from accounts.models import Team
from clusters.models import Cluster, Observation
from services.models import Environment, Service, Target
from tests.factories.accounts import new_team
from tests.factories.clusters import new_cluster, observed

_numbers = count(1)


def new_environment(name: str = "", **fields: Any) -> Environment:
    """A stage; one that exists already is answered as it is."""
    number = next(_numbers)
    fields = {"order": number, **fields}
    return Environment.objects.get_or_create(name=name or f"env-{number}", defaults=fields)[0]


def new_service(name: str = "", team: Team | None = None, **fields: Any) -> Service:
    """A service of a team, a new one unless given."""
    return Service.objects.create(name=name or f"service-{next(_numbers)}", team=team or new_team(), **fields)


def new_target(
    service: Service, environment: Environment | str = "", cluster: Cluster | None = None, **fields: Any
) -> Target:
    """Where a service runs: by default as a Deployment of its name in the namespace named like the environment."""
    if not isinstance(environment, Environment):
        environment = new_environment(environment)
    cluster = cluster or new_cluster(uid=f"uid-{next(_numbers)}")
    target = Target(
        service=service,
        environment=environment,
        cluster=cluster,
        **{"namespace": environment.name, "workload": service.name, "container": service.name, **fields},
    )
    target.workload_key = Target.key_of(cluster.uid, target.namespace, target.kind, target.workload)
    target.save()
    return target


def seen_deployment(target: Target, image: str = "registry.example/shop/web:1.0.0", **how: Any) -> Observation:
    """What the watcher would have kept of the target's Deployment; see `deployment_as_seen`."""
    raw = deployment_as_seen(target.workload, target.namespace, image, container=target.container, **how)
    return observed(target.cluster, raw)


def deployment_as_seen(
    name: str,
    namespace: str,
    image: str,
    *,
    container: str = "",
    desired: int = 2,
    ready: int | None = None,
    updated: int | None = None,
    replicas: int | None = None,
    observed_generation: int = 1,
    stuck: bool = False,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A Deployment as its API server would answer it; counts that are not given are those of a finished rollout."""
    reason = "ProgressDeadlineExceeded" if stuck else "NewReplicaSetAvailable"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"{namespace}-{name}",
            "resourceVersion": "7",
            "generation": 1,
            "labels": labels or {},
            "annotations": annotations or {},
        },
        "spec": {
            "replicas": desired,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": container or name, "image": image}]},
            },
        },
        "status": {
            "observedGeneration": observed_generation,
            "replicas": desired if replicas is None else replicas,
            "updatedReplicas": desired if updated is None else updated,
            "readyReplicas": desired if ready is None else ready,
            "availableReplicas": desired if ready is None else ready,
            "conditions": [{"type": "Progressing", "status": "False" if stuck else "True", "reason": reason}],
        },
    }
