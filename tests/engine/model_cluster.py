"""A Deployment and its controller in memory, as far as a rolling release can tell them from the real ones."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import RollingUpdate
from deployments.engine.workload import hash_of

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
UID = "uid-of-web"


class TestFailed(Exception):
    """A `test` of a JSON patch failed: nothing was changed."""

    __test__ = False


def template(version: str) -> Json:
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": f"registry.example/web:{version}"}]},
    }


def release(**changes: Any) -> ReleaseSpec:
    """A release of `web` from 1.0 to 2.0."""
    asked: dict[str, Any] = {
        "id": "r1",
        "portal": "p1",
        "epoch": 1,
        "cluster": "eu-1",
        "namespace": "shop",
        "workload": "web",
        "uid": UID,
        "strategy": RollingUpdate(),
        "template_from": template("1.0"),
        "template_to": template("2.0"),
        "template_back": template("1.0"),
    }
    return ReleaseSpec(**{**asked, **changes})


class ModelCluster:
    """One Deployment `web`. `step()` is one move of the Deployment controller: one old pod away, one new pod ready."""

    def __init__(self, replicas: int = 3) -> None:
        self.deployment: Json = {
            "metadata": {"name": "web", "uid": UID, "generation": 1, "resourceVersion": "1", "labels": {"app": "web"}},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "template": template("1.0"),
            },
            "status": {},
        }
        self.sets: dict[str, Json] = {}
        self.ready: dict[str, int] = {}
        self.broken_images: set[str] = set()
        self._set_of_template()
        self.ready[self._current()] = replicas
        self._write_status()

    def patch(self, patch: Write) -> Json:
        """Apply a JSON patch whole or not at all. Raises TestFailed."""
        changed = deepcopy(self.deployment)
        for op in patch.ops:
            apply_op(changed, op)
        if changed["spec"] != self.deployment["spec"]:
            changed["metadata"]["generation"] += 1
        self.deployment = changed
        self._touch()
        return deepcopy(changed)

    def write(self, write: Write) -> Json | None:
        """Carry out one write. Raises TestFailed."""
        if write.kind == "ReplicaSet":
            self.sets[write.name]["metadata"]["annotations"].clear()
            return None
        return self.patch(write)

    def set_image(self, version: str) -> None:
        """Another hand writes the template."""
        self.deployment["spec"]["template"] = template(version)
        self.deployment["metadata"]["generation"] += 1
        self.deployment["metadata"]["managedFields"] = [
            {"manager": "kubectl-set", "time": "2026", "fieldsV1": {"f:spec": {"f:template": {}}}}
        ]
        self._touch()

    def set_paused(self, paused: bool) -> None:
        """`kubectl rollout pause` or `resume`."""
        self.deployment["spec"]["paused"] = paused
        self.deployment["metadata"]["generation"] += 1
        self.deployment["metadata"]["managedFields"] = [
            {"manager": "kubectl-rollout", "time": "2026", "fieldsV1": {"f:spec": {"f:paused": {}}}}
        ]
        self._touch()

    def step(self) -> None:
        """One move towards the template in spec. Pods of a broken image are made but never ready; nothing moves while
        `spec.paused` is set."""
        if self.deployment["spec"].get("paused"):
            self._write_status()
            return
        self._set_of_template()
        new = self._current()
        wanted = self.deployment["spec"]["replicas"]
        image = self.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        if image not in self.broken_images:
            self.ready[new] = min(wanted, self.ready[new] + 1)
            surplus = sum(self.ready.values()) - wanted
            for name in self.ready:
                if name != new and surplus > 0:
                    gone = min(surplus, self.ready[name])
                    self.ready[name] -= gone
                    surplus -= gone
        self._write_status(waiting=image in self.broken_images)

    def settle(self) -> None:
        """Let the controller finish."""
        for _ in range(self.deployment["spec"]["replicas"] + 2):
            self.step()

    def seen(self, **changes: Any) -> Seen:
        """What a live look shows now."""
        return Seen(
            **{
                "deployment": deepcopy(self.deployment),
                "replica_sets": tuple(deepcopy(one) for one in self.sets.values()),
                "pods": tuple(self._pods()),
                "live": True,
                **changes,
            }
        )

    @property
    def image(self) -> str:
        return str(self.deployment["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]

    def _pods(self) -> list[Json]:
        pods = []
        for name, one in self.sets.items():
            if one["spec"]["template"]["spec"]["containers"][0]["image"] in self.broken_images:
                waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
                pods.append(
                    {
                        "metadata": {
                            "name": f"{name}-x",
                            "uid": f"{name}-x",
                            "ownerReferences": [{"uid": one["metadata"]["uid"], "controller": True}],
                        },
                        "status": {"containerStatuses": [{"name": "web", "state": {"waiting": waiting}}]},
                    }
                )
        return pods

    def _current(self) -> str:
        return f"web-{hash_of(self.deployment['spec']['template'])[:8]}"

    def _set_of_template(self) -> None:
        name = self._current()
        if name not in self.sets:
            self.sets[name] = {
                "metadata": {"name": name, "uid": f"uid-{name}", "annotations": {}},
                "spec": {"template": deepcopy(self.deployment["spec"]["template"])},
                "status": {},
            }
            self.ready[name] = 0
        copied = self.deployment["metadata"].get("annotations") or {}
        self.sets[name]["metadata"]["annotations"].update(copied)

    def _write_status(self, *, waiting: bool = False) -> None:
        new = self._current()
        updated = self.ready.get(new, 0) + (1 if waiting else 0)
        total = sum(self.ready.values()) + (1 if waiting else 0)
        self.deployment["status"] = {
            "observedGeneration": self.deployment["metadata"]["generation"],
            "replicas": total,
            "updatedReplicas": updated,
            "availableReplicas": sum(self.ready.values()),
        }
        for name, one in self.sets.items():
            one["status"] = {"replicas": self.ready[name], "readyReplicas": self.ready[name]}
        self._touch()

    def _touch(self) -> None:
        self.deployment["metadata"]["resourceVersion"] = str(int(self.deployment["metadata"]["resourceVersion"]) + 1)


def apply_op(obj: Json, op: Json) -> None:
    """One operation of a JSON patch. Raises TestFailed."""
    *path, last = [part.replace("~1", "/").replace("~0", "~") for part in op["path"].split("/")[1:]]
    parent: Any = obj
    for part in path:
        parent = parent.get(part) if isinstance(parent, dict) else None
        if parent is None:
            raise TestFailed(op["path"])
    if op["op"] == "test":
        if json.dumps(parent.get(last), sort_keys=True) != json.dumps(op["value"], sort_keys=True):
            raise TestFailed(op["path"])
    elif op["op"] == "remove":
        if last not in parent:
            raise TestFailed(op["path"])
        del parent[last]
    else:
        parent[last] = deepcopy(op["value"])
