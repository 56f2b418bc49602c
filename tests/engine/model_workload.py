"""A Deployment, its ReplicaSets and their controllers in memory, faithful where a release in place leans on them.

After kubernetes `pkg/controller/deployment` (sync.go, rolling.go, recreate.go) and `pkg/controller/replicaset`: paused
and Recreate with two active ReplicaSets leaves sizes alone; one active ReplicaSet is scaled to N; a saturated new one
takes the old ones to 0; a foreign desired-replicas keeps the controller scaling and never rolling; pods that are not
ready are deleted first.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from deployments.engine.decision import Write
from deployments.engine.in_place_patches import DESIRED, MAX
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.workload import HASH, hash_of, same_template
from tests.engine.model_cluster import UID, TestFailed, apply_op, template

REVISION = "deployment.kubernetes.io/revision"
NOT_COPIED = (REVISION, DESIRED, MAX, "kubectl.kubernetes.io/last-applied-configuration")


class ModelWorkload:
    """One Deployment `web` whose version 1.0 runs. `step()` lets both controllers and the kubelets do all they can."""

    def __init__(self, replicas: int = 10, *, max_surge: int | str = "25%", max_unavailable: int | str = "25%") -> None:
        bounds = {"maxSurge": max_surge, "maxUnavailable": max_unavailable}
        self.version = 1
        self.strategy: Json = {"type": "RollingUpdate", "rollingUpdate": bounds}
        self.deployment: Json = {
            "kind": "Deployment",
            "metadata": {"name": "web", "uid": UID, "generation": 1, "resourceVersion": "1", "labels": {"app": "web"}},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": deepcopy(self.strategy),
                "template": template("1.0"),
            },
            "status": {},
        }
        self.sets: dict[str, Json] = {}
        self.pods: dict[str, list[bool]] = {}  # one entry a pod that is not terminating: is it ready?
        self.broken_images: set[str] = set()
        self.controller_runs = True
        self.history_limit = 10
        self.deleted = False
        self.step()

    # what releases and people do

    def write(self, write: Write) -> Json | None:
        """Carry out one write, whole or not at all. Raises TestFailed."""
        if write.kind == "Deployment":
            self.deployment = self._patched(self.deployment, write)
            return deepcopy(self.deployment)
        if write.verb == "create":
            return deepcopy(self._create(write))
        found = self.sets.get(write.name)
        if found is None:
            if write.verb == "delete":
                return None
            raise TestFailed("not found")
        if write.verb == "delete":
            if found["metadata"]["uid"] != write.uid:
                raise TestFailed("uid")
            del self.sets[write.name], self.pods[write.name]
            return None
        self.sets[write.name] = self._patched(found, write)
        return deepcopy(self.sets[write.name])

    def scale(self, replicas: int) -> None:
        """An HPA or a person asks for another number of replicas."""
        self._foreign("hpa", {"replicas": replicas})

    def apply_replicas(self) -> None:
        """GitOps applies the number of replicas that is there already: only who wrote it is noted."""
        self._wrote(self.deployment, "argocd-controller")

    def set_image(self, version: str) -> None:
        """Another hand writes the template."""
        self._foreign("kubectl-set", {"template": template(version)})

    def put_back_strategy(self) -> None:
        """GitOps writes the strategy that it knows."""
        self._foreign("argocd-controller", {"strategy": self.strategy})

    def resume(self) -> None:
        """`kubectl rollout resume`."""
        self._foreign("kubectl-rollout", {"paused": False})

    def scale_set(self, name: str, replicas: int) -> None:
        """Another hand scales a ReplicaSet."""
        self.sets[name]["spec"]["replicas"] = replicas
        self._wrote(self.sets[name], "kubectl-scale")

    def lose_pod(self, name: str) -> None:
        """A node goes, and a pod with it."""
        if self.pods[name]:
            self.pods[name].pop(0)

    def _foreign(self, manager: str, spec: Json) -> None:
        if any(self.deployment["spec"].get(key) != value for key, value in spec.items()):
            self.deployment["spec"].update(deepcopy(spec))
            self.deployment["metadata"]["generation"] += 1
            self._wrote(self.deployment, manager)

    def _wrote(self, obj: Json, manager: str) -> None:
        obj["metadata"]["managedFields"] = [{"manager": manager, "time": "2026", "fieldsV1": {"f:spec": {}}}]
        self._touch(obj)

    # what the cluster does by itself

    def step(self) -> None:
        """Everything that can happen without anybody's doing happens once."""
        self.sync()
        self.make_pods()
        self.ready(100)
        self.sync()

    def settle(self) -> None:
        """Let the controllers finish."""
        for _ in range(30):
            self.step()

    def sync(self) -> None:
        """One pass of the Deployment controller."""
        if not self.controller_runs:
            return
        spec = self.deployment["spec"]
        new = self._new_set(create=False)
        if spec.get("paused") or any(self._desired(one) not in (None, spec["replicas"]) for one in self._active()):
            self._scale_all(new)
        elif spec["strategy"]["type"] == "Recreate":
            self._recreate()
        else:
            self._roll()
        self._forget_history(new)
        self._write_status()

    def make_pods(self) -> None:
        """One pass of the ReplicaSet controller: missing pods are made, those too many deleted, unready ones first."""
        for name, one in self.sets.items():
            wanted, pods = one["spec"]["replicas"], self.pods[name]
            pods.sort(reverse=True)
            self.pods[name] = pods[:wanted] + [False] * max(0, wanted - len(pods))
        self._write_status()

    def ready(self, count: int) -> None:
        """So many pods become ready; those of a broken image never do."""
        for name, one in self.sets.items():
            if one["spec"]["template"]["spec"]["containers"][0]["image"] in self.broken_images:
                continue
            for index, is_ready in enumerate(self.pods[name]):
                if not is_ready and count > 0:
                    self.pods[name][index] = True
                    count -= 1
        self._write_status()

    def _new_set(self, *, create: bool) -> Json | None:
        wanted = self.deployment["spec"]["template"]
        same = [one for one in self.sets.values() if same_template(one["spec"]["template"], wanted)]
        new = min(same, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]), default=None)
        if new is None and create:
            mark = {HASH: hash_of(wanted)[:8]}
            name = f"web-{mark[HASH]}"
            labelled = deepcopy(wanted)
            labelled["metadata"]["labels"] |= mark
            new = self._add(
                name, {"labels": dict(labelled["metadata"]["labels"])}, {"replicas": 0, "template": labelled}
            )
        if new is not None:
            before = deepcopy(new["metadata"])
            annotations = new["metadata"].setdefault("annotations", {})
            copied = self.deployment["metadata"].get("annotations") or {}
            annotations.update({key: value for key, value in copied.items() if key not in NOT_COPIED})
            newest = max((self._revision(one) for one in self.sets.values() if one is not new), default=0)
            annotations[REVISION] = str(max(newest + 1, self._revision(new)))
            if new["metadata"] != before:
                self._touch(new)
        return new

    def _scale_all(self, new: Json | None) -> None:
        """sync.go, scale."""
        spec, active = self.deployment["spec"], self._active()
        if len(active) <= 1:
            latest = max(self.sets.values(), key=self._revision, default=None)
            only = active[0] if active else new or latest
            if only is not None and only["spec"]["replicas"] != spec["replicas"]:
                self._scale_set(only, spec["replicas"])
            return
        if new is not None and self._is_saturated(new):
            for one in active:
                if one is not new:
                    self._scale_set(one, 0)
            return
        if spec["strategy"]["type"] == "RollingUpdate":
            # In proportion to what each has; here: what is missing or too many goes to the largest.
            surge, _ = self._leeway()
            allowed = spec["replicas"] + surge if spec["replicas"] else 0
            largest = max(active, key=lambda one: one["spec"]["replicas"])
            total = sum(one["spec"]["replicas"] for one in active)
            for one in active:
                change = allowed - total if one is largest else 0
                self._scale_set(one, max(0, one["spec"]["replicas"] + change))

    def _forget_history(self, new: Json | None) -> None:
        """sync.go, cleanupDeployment: also a paused Deployment's empty old ReplicaSets beyond the limit are deleted."""
        old = [one for one in self.sets.values() if one is not new]
        surplus = max(0, len(old) - self.history_limit)
        for one in sorted(old, key=self._revision)[:surplus]:
            name = one["metadata"]["name"]
            if not one["spec"]["replicas"] and not self.pods[name]:
                del self.sets[name], self.pods[name]

    def _is_saturated(self, new: Json) -> bool:
        wanted = self.deployment["spec"]["replicas"]
        ready = sum(self.pods[new["metadata"]["name"]])
        return self._desired(new) == wanted == new["spec"]["replicas"] == ready

    def _recreate(self) -> None:
        new = self._new_set(create=False)
        old = [one for one in self.sets.values() if one is not new]
        for one in old:
            if one["spec"]["replicas"]:
                self._scale_set(one, 0)
        if any(self.pods[one["metadata"]["name"]] for one in old):
            return
        new = self._new_set(create=True)
        if new is not None and new["spec"]["replicas"] != self.deployment["spec"]["replicas"]:
            self._scale_set(new, self.deployment["spec"]["replicas"])

    def _roll(self) -> None:
        new, wanted = self._new_set(create=True), self.deployment["spec"]["replicas"]
        if new is None:
            raise AssertionError("made above")
        surge, unavailable = self._leeway()
        total = sum(one["spec"]["replicas"] for one in self.sets.values())
        if new["spec"]["replicas"] > wanted:
            self._scale_set(new, wanted)
        elif new["spec"]["replicas"] < wanted and total < wanted + surge:
            room = wanted + surge - total
            self._scale_set(new, min(wanted, new["spec"]["replicas"] + room))
        old = [one for one in self._active() if one is not new]
        for one in old:
            idle = one["spec"]["replicas"] - min(sum(self.pods[one["metadata"]["name"]]), one["spec"]["replicas"])
            if idle:
                self._scale_set(one, one["spec"]["replicas"] - idle)
        spare = sum(min(sum(self.pods[n]), one["spec"]["replicas"]) for n, one in self.sets.items())
        spare -= wanted - unavailable
        for one in old:
            gone = min(max(spare, 0), one["spec"]["replicas"])
            if gone:
                self._scale_set(one, one["spec"]["replicas"] - gone)
                spare -= gone

    def _leeway(self) -> tuple[int, int]:
        wanted = self.deployment["spec"]["replicas"]
        bounds = self.deployment["spec"]["strategy"].get("rollingUpdate") or {}
        up, down = bounds.get("maxSurge", "25%"), bounds.get("maxUnavailable", "25%")
        surge = up if isinstance(up, int) else -(-wanted * int(up[:-1]) // 100)
        unavailable = down if isinstance(down, int) else wanted * int(down[:-1]) // 100
        return surge, unavailable or (0 if surge else 1)

    def _scale_set(self, one: Json, replicas: int) -> None:
        wanted = self.deployment["spec"]["replicas"]
        one["spec"]["replicas"] = replicas
        stamps = {DESIRED: str(wanted), MAX: str(wanted + self._leeway()[0])}
        one["metadata"].setdefault("annotations", {}).update(stamps)
        self._touch(one)

    # what is seen

    def seen(self, **changes: Any) -> Seen:
        """What a live look shows now."""
        return Seen(
            **{
                "deployment": None if self.deleted else deepcopy(self.deployment),
                "replica_sets": tuple(deepcopy(one) for one in self.sets.values()),
                "pods": tuple(self._pods()),
                "live": True,
                **changes,
            }
        )

    @property
    def image(self) -> str:
        return str(self.deployment["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]

    def sizes(self) -> dict[str, int]:
        """Pods asked for, by version."""
        found: dict[str, int] = {}
        for one in self.sets.values():
            version = _version(one)
            found[version] = found.get(version, 0) + one["spec"]["replicas"]
        return found

    def total_ready(self) -> int:
        return sum(sum(pods) for pods in self.pods.values())

    def total_pods(self) -> int:
        return sum(len(pods) for pods in self.pods.values())

    def set_of(self, version: str) -> Json:
        return next(one for one in self.sets.values() if _version(one) == version)

    def _pods(self) -> list[Json]:
        pods = []
        for name, one in self.sets.items():
            owner = {"uid": one["metadata"]["uid"], "controller": True}
            image = one["spec"]["template"]["spec"]["containers"][0]["image"]
            for index, is_ready in enumerate(self.pods[name]):
                status: Json = {"conditions": [{"type": "Ready", "status": str(is_ready)}]}
                if image in self.broken_images:
                    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
                    status["containerStatuses"] = [{"name": "web", "state": {"waiting": waiting}}]
                metadata = {"name": f"{name}-{index}", "uid": f"{name}-{index}", "ownerReferences": [owner]}
                pods.append({"metadata": metadata, "status": status})
        return pods

    def _create(self, write: Write) -> Json:
        body = deepcopy(write.body or {})
        there = self.sets.get(write.name)
        if there is not None:
            if (
                there["metadata"]["labels"].get("slipway.dev/release")
                != body["metadata"]["labels"]["slipway.dev/release"]
            ):
                raise TestFailed("already there")
            return there
        return self._add(write.name, body["metadata"], body["spec"])

    def _add(self, name: str, metadata: Json, spec: Json) -> Json:
        self.version += 1
        self.sets[name] = {
            "metadata": {
                "annotations": {},
                **metadata,
                "name": name,
                "uid": f"uid-{name}-{self.version}",
                "creationTimestamp": f"2026-01-01T00:{self.version:05}Z",
                "resourceVersion": str(self.version),
            },
            "spec": spec,
            "status": {},
        }
        self.pods[name] = []
        return self.sets[name]

    def _patched(self, obj: Json, write: Write) -> Json:
        changed = deepcopy(obj)
        for op in write.ops:
            apply_op(changed, op)
        if changed["spec"] != obj["spec"] and "generation" in changed["metadata"]:
            changed["metadata"]["generation"] += 1
        self._touch(changed)
        return changed

    def _active(self) -> list[Json]:
        return [one for one in self.sets.values() if one["spec"]["replicas"]]

    def _revision(self, one: Json) -> int:
        return int((one["metadata"].get("annotations") or {}).get(REVISION) or 0)

    def _desired(self, one: Json) -> int | None:
        text = (one["metadata"].get("annotations") or {}).get(DESIRED)
        return None if text is None else int(text)

    def _write_status(self) -> None:
        for name, one in self.sets.items():
            ready = sum(self.pods[name])
            self._status(one, {"replicas": len(self.pods[name]), "readyReplicas": ready, "availableReplicas": ready})
        if not self.controller_runs:
            return
        new = self._new_set(create=False)
        self._status(
            self.deployment,
            {
                "observedGeneration": self.deployment["metadata"]["generation"],
                "replicas": self.total_pods(),
                "updatedReplicas": len(self.pods[new["metadata"]["name"]]) if new else 0,
                "availableReplicas": self.total_ready(),
            },
        )

    def _status(self, obj: Json, status: Json) -> None:
        if obj["status"] != status:
            obj["status"] = status
            self._touch(obj)

    def _touch(self, obj: Json) -> None:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)


def _version(replica_set: Json) -> str:
    return str(replica_set["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]
