"""A workload in memory with the Kubernetes Services in front of it, their EndpointSlices, and routes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.pin import SERVICE_OF_SLICE
from deployments.engine.seen import Seen
from deployments.engine.workload import RELEASE, labels_of, template_of
from tests.engine.model_cluster import TestFailed
from tests.engine.model_workload import ModelWorkload
from tests.engine.routes import service, written


class ModelShop(ModelWorkload):
    """`web` behind a Service of that name. Slices show what `publish` last saw; `step` publishes."""

    def __init__(self, replicas: int = 10, *routes: Json, **bounds: Any) -> None:
        self.services: dict[str, Json] = {"web": service()}
        self.routes: dict[tuple[str, str], Json] = {(one["kind"], one["metadata"]["name"]): one for one in routes}
        self.slices: dict[str, list[str]] = {}
        super().__init__(replicas, **bounds)

    def write(self, write: Write) -> Json | None:
        """Carry out one write, whole or not at all. Raises TestFailed."""
        if write.kind in ("Deployment", "ReplicaSet"):
            return super().write(write)
        shelf: dict[Any, Json] = self.services if write.kind == "Service" else self.routes
        key: Any = write.name if write.kind == "Service" else (write.kind, write.name)
        there = shelf.get(key)
        if write.verb == "delete":
            if there is not None and there["metadata"]["uid"] == write.uid:
                del shelf[key]
            return None
        if write.verb == "create" and there is None:
            self.version += 1
            shelf[key] = deepcopy(write.body or {})
            made = {"uid": f"uid-{write.name}-{self.version}", "generation": 1, "resourceVersion": str(self.version)}
            shelf[key]["metadata"] |= made
        elif there is None:
            raise TestFailed("not found")
        elif write.verb == "create":
            if labels_of(there).get(RELEASE) != labels_of(write.body or {}).get(RELEASE):
                raise TestFailed("already there")
        elif write.verb == "apply":
            shelf[key] = self._applied(there, write.body or {})
        else:
            try:
                shelf[key] = written(there, write)
            except (KeyError, AssertionError, ValueError) as error:
                raise TestFailed(str(error)) from error
            self._touch(shelf[key])
        return deepcopy(shelf[key])

    def _applied(self, there: Json, body: Json) -> Json:
        for name in ("uid", "resourceVersion"):
            if body["metadata"].get(name) != there["metadata"][name]:
                raise TestFailed(name)
        changed = {**there, "spec": {**there["spec"], **body["spec"]}}
        changed["metadata"] = {**there["metadata"], "labels": body["metadata"]["labels"]}
        self._touch(changed)
        return changed

    def step(self) -> None:
        super().step()
        self.publish()

    def publish(self) -> None:
        """One pass of the EndpointSlice controller."""
        self.slices = {name: self.serving(name) for name in self.services}

    def serving(self, name: str) -> list[str]:
        """Ready pods that the selector of a Service picks now, whatever its slices say."""
        selector = (self.services.get(name) or {"spec": {}})["spec"].get("selector") or {}
        return [
            f"{set_name}-{index}"
            for set_name, one in self.sets.items()
            if selector and selector.items() <= labels_of(template_of(one)).items()
            for index, ready in enumerate(self.pods[set_name])
            if ready
        ]

    def versions_of(self, name: str) -> set[str]:
        """Which versions a Service leads to."""
        return {
            str(template_of(one)["spec"]["containers"][0]["image"]).rpartition(":")[2]
            for pod in self.serving(name)
            for set_name, one in self.sets.items()
            if pod.startswith(f"{set_name}-")
        }

    def edit(self, name: str, **spec: Any) -> None:
        """Another hand changes a Service."""
        self.services[name]["spec"] |= spec
        self._wrote(self.services[name], "kubectl-edit")

    def seen(self, **changes: Any) -> Seen:
        """What a live look shows now."""
        slices = [
            {
                "metadata": {"name": f"{name}-x", "labels": {SERVICE_OF_SLICE: name}},
                "endpoints": [
                    {"conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": pod}} for pod in pods
                ],
            }
            for name, pods in self.slices.items()
        ]
        beside = {
            "services": tuple(deepcopy(one) for one in self.services.values()),
            "endpoint_slices": tuple(slices),
            "routes": tuple(deepcopy(one) for one in self.routes.values()),
        }
        return super().seen(**{**beside, **changes})
