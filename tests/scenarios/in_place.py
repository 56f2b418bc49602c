"""What scenarios of canary and blue-green look at: pods by version, ReplicaSets, what a release leaves behind."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

from deployments.engine.workload import ORIGINALS
from deployments.models import Release
from deployments.tick import tick
from tests.conftest import until
from tests.scenarios.conftest import IMAGE, Workload

HALF: dict[str, Any] = {"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]}
STAMPS = ("deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas")


def pods_of(web: Workload, version: str) -> dict[str, str]:
    """Uids of the ready pods of a version, by name."""
    found = web.kubectl.get(f"/api/v1/namespaces/{web.target.namespace}/pods")["items"]
    return {
        pod["metadata"]["name"]: pod["metadata"]["uid"]
        for pod in found
        if pod["spec"]["containers"][0]["image"].endswith(f":{version}")
        and not pod["metadata"].get("deletionTimestamp")
        and any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
    }


def replica_sets(web: Workload) -> dict[str, dict[str, Any]]:
    """The ReplicaSets of the namespace by the version that they run."""
    found = web.kubectl.get(f"/apis/apps/v1/namespaces/{web.target.namespace}/replicasets")["items"]
    return {one["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]: one for one in found}


def sizes(web: Workload) -> dict[str, int]:
    """How many pods each version is asked for, empty ones left out."""
    return {version: one["spec"]["replicas"] for version, one in replica_sets(web).items() if one["spec"]["replicas"]}


def scaled(web: Workload, replicas: int) -> None:
    """Another hand scales the Deployment."""
    web.kubectl.patch(web.path, {"spec": {"replicas": replicas}})


def ticked(release: Release, is_so: Callable[[Release], bool], *, seconds: float = 60) -> Release:
    """Tick, as worker and watcher would, until something is so; a release that ends before fails the test."""

    def there() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        if is_so(release):
            return True
        assert not release.ended, (release.status, release.reason, release.message)
        return False

    until(there, seconds=seconds)
    return release


def at_pause(release: Release, *, seconds: float = 60) -> Release:
    """Tick until the release is in a pause of its steps."""
    return ticked(release, lambda now: now.status == "paused" and not now.reason, seconds=seconds)


def set_image(web: Workload, version: str) -> None:
    """`kubectl set image`: the controller rolls as ever, nothing that a release left keeps it from that."""
    container = {"name": "web", "image": f"{IMAGE}:{version}"}
    answer = web.kubectl.http.patch(
        web.path,
        json={"spec": {"template": {"spec": {"containers": [container]}}}},
        headers={"Content-Type": "application/strategic-merge-patch+json"},
    )
    assert answer.is_success, answer.text
    until(lambda: web.image() == version and web.ready(), seconds=60)


def is_as_before(web: Workload, before: dict[str, Any]) -> None:
    """Nothing of a release is left: no label, annotation, hold or number that the next rollout would wait for."""
    after = web.live()
    for field in ("strategy", "replicas", "selector", "revisionHistoryLimit"):
        assert after["spec"].get(field) == before["spec"].get(field), field
    assert "paused" not in after["spec"]
    assert after["metadata"].get("labels") == before["metadata"].get("labels")
    for one in (after, *replica_sets(web).values()):
        marks = {**one["metadata"].get("labels", {}), **one["metadata"].get("annotations", {})}
        assert not [name for name in marks if name.startswith("slipway.dev/")], (one["metadata"]["name"], marks)
    wanted = str(after["spec"]["replicas"])
    for one in replica_sets(web).values():
        stamp = one["metadata"].get("annotations", {}).get(STAMPS[0])
        assert not one["spec"]["replicas"] or stamp in (None, wanted)


def run_line(web: Workload, name: str) -> None:
    """Run one of the two kubectl lines that the Deployment carries while it is held: "abort" or "promote"."""
    line = json.loads(web.live()["metadata"]["annotations"][ORIGINALS])[name]
    words = shlex.split(line)
    assert words[:5] == ["kubectl", "-n", web.target.namespace, "patch", "deployment"], words
    answer = web.kubectl.http.patch(
        web.path, content=words[words.index("-p") + 1], headers={"Content-Type": "application/json-patch+json"}
    )
    assert answer.is_success, answer.text
