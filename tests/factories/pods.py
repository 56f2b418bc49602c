"""Pods of a workload as the watcher would have seen them, under their ReplicaSets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from deployments.models import Release
from tests.factories.clusters import observed, watched_now
from tests.factories.deployments import REPOSITORY, template
from tests.factories.services import deployment_as_seen

RUNNING: dict[str, Any] = {"running": {}}


def seen_pods(
    release: Release, *, new: int, old: int, restarts: int = 0, waiting: dict[str, str] | None = None
) -> None:
    """The Deployment of a release with so many pods of its version and of 1.7.3; `waiting` {reason, message} is why
    the new ones are not ready."""
    target = release.target
    where = {"namespace": target.namespace}
    observed(
        target.cluster,
        deployment_as_seen(target.workload, target.namespace, f"{REPOSITORY}:{release.label}"),
        whole=True,
    )
    watched_now(target.cluster, contact_at=timezone.now() + timedelta(minutes=10))
    owner = {
        "kind": "Deployment",
        "name": target.workload,
        "uid": f"{target.namespace}-{target.workload}",
        "controller": True,
    }
    for version, side in (("1.7.3", "6d5f8c9b7"), (release.label, "79c4b5d8f")):
        metadata = {"name": f"{target.workload}-{side}", **where, "uid": side, "ownerReferences": [owner]}
        body = {"kind": "ReplicaSet", "metadata": metadata, "spec": {"template": template(version)}}
        observed(target.cluster, body, whole=True)
        count = old if version == "1.7.3" else new
        age = timedelta(days=9) if version == "1.7.3" else timedelta(minutes=5)
        state = {"waiting": waiting} if waiting and version != "1.7.3" else RUNNING
        for number in range(count):
            _pod(release, side, number, state, timezone.now() - age, restarts if version != "1.7.3" else 0)


def _pod(release: Release, side: str, number: int, state: dict[str, Any], since: Any, restarts: int) -> None:
    target = release.target
    name = f"{target.workload}-{side}-{'bcdfghjklmnpqrstvwxz'[number % 20] * 5}"
    owner = {"kind": "ReplicaSet", "name": f"{target.workload}-{side}", "uid": side, "controller": True}
    statuses = [{"name": "checkout", "restartCount": restarts, "state": state}]
    observed(
        target.cluster,
        {
            "kind": "Pod",
            "metadata": {"name": name, "namespace": target.namespace, "uid": name, "ownerReferences": [owner]},
            "spec": {"nodeName": f"worker-a{number % 3 + 1}", "containers": [{"name": "checkout", "image": "x"}]},
            "status": {
                "phase": "Running",
                "startTime": since.isoformat(),
                "conditions": [{"type": "Ready", "status": "True" if state is RUNNING else "False"}],
                "containerStatuses": statuses,
            },
        },
    )
