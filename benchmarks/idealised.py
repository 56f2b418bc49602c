"""The least that canaries in place can cost on this machine: a loop that only writes and waits.

It makes the eleven writes that delivery.md's order asks for, on the Deployment's own ReplicaSets, with a watch of its
own: begin, the old ReplicaSet without the controller's stamps, the new one made and recognised, six sizes, end, and our
mark off the new one. It keeps nothing, checks nothing, survives nothing and asks nobody: what a release engine takes
beyond it is the engine's own.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from typing import Any

import httpx

from benchmarks.contenders import Steps
from benchmarks.portal import DEPLOYMENTS, NAMESPACE, Bench, together
from deployments.engine.in_place import REVISION
from deployments.engine.in_place_patches import DESIRED, MAX
from deployments.engine.workload import HASH, hash_of
from tests.kubectl import Kubectl

REPLICA_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/replicasets"
MOST_AT_ONCE, SETTLE_SECONDS = 500, 600
MARK = "slipway.dev/benchmark"
Seen = dict[str, Any]


class Idealised:
    """One thread for each canary, one for the watch."""

    name, agent = "idealised loop", "idealised-loop/"

    def __init__(self, run: Bench) -> None:
        self.run = run
        self._kubectl = Kubectl(run.kubeconfig, agent=f"{self.agent}1", seconds=60, connections=16)
        self._canaries = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="canary")
        self._running: list[Future[None]] = []
        self._seen: dict[str, Seen] = {}
        self._changed: dict[str, threading.Condition] = {}
        self._names = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def make(self, names: list[str], replicas: int) -> None:
        together(lambda name: self.run.new_deployment(name, replicas), names)
        self.run.until_complete(*names)

    def start(self, name: str, image: str, steps: Steps) -> None:
        self._running.append(self._canaries.submit(self._canary, name, image, steps))

    def until_done(self, names: list[str], image: str) -> None:
        while self._running:
            self._running.pop().result()
        self.run.until_complete(*names, image=image)

    def processes(self) -> dict[str, int]:
        """Its threads are the benchmark's own."""
        return {}

    def _canary(self, name: str, image: str, steps: Steps) -> None:
        path = f"{DEPLOYMENTS}/{name}"
        before = self._kubectl.get(path)
        uid, replicas = before["metadata"]["uid"], before["spec"]["replicas"]
        old = next(one for one in list(self._seen.values()) if _is_of(one, uid) and one["spec"]["replicas"])
        template = deepcopy(before["spec"]["template"])
        template["spec"]["containers"][0]["image"] = image
        recreate = {"type": "Recreate", "rollingUpdate": None}
        begun = self._kubectl.patch(path, {"spec": {"paused": True, "strategy": recreate, "template": template}})
        self._patch(old["metadata"]["name"], {"metadata": {"annotations": {DESIRED: None, MAX: None}}})
        new = self._kubectl.create(REPLICA_SETS, _replica_set(begun))
        pair = new["metadata"]["name"], old["metadata"]["name"]
        self._until(pair[0], lambda one: REVISION in one["metadata"].get("annotations", {}))
        for kind, number in [*steps, ("set_weight", 100)]:
            if kind == "pause":
                time.sleep(number or 0)
            else:
                self._weigh(*pair, math.ceil(replicas * (number or 0) / 100), replicas)
        self._kubectl.patch(path, {"spec": {"paused": None, "strategy": before["spec"]["strategy"]}})
        self._patch(pair[0], {"metadata": {"labels": {MARK: None}}})

    def _weigh(self, new: str, old: str, wanted: int, replicas: int) -> None:
        """The new Pods first, then as many of the old ones go."""
        self._scale(new, wanted)
        self._until(new, lambda one: one.get("status", {}).get("readyReplicas", 0) == wanted)
        self._scale(old, replicas - wanted)
        self._until(old, lambda one: one.get("status", {}).get("replicas", 0) == replicas - wanted)

    def _scale(self, name: str, replicas: int) -> None:
        self._patch(name, {"spec": {"replicas": replicas}})

    def _patch(self, name: str, body: Seen) -> None:
        self._kubectl.patch(f"{REPLICA_SETS}/{name}", body)

    def _until(self, name: str, is_so: Callable[[Seen], bool]) -> None:
        changed = self._condition(name)
        with changed:
            came = changed.wait_for(lambda: name in self._seen and is_so(self._seen[name]), SETTLE_SECONDS)
        assert came, f"{name} has not become what it should"

    def _condition(self, name: str) -> threading.Condition:
        with self._names:
            return self._changed.setdefault(name, threading.Condition())

    def _watch(self) -> None:
        # It ends with the run, or before: then the canaries wait in vain, and say so. An empty line may be the last.
        with (
            suppress(httpx.TransportError),
            self._kubectl.http.stream("GET", f"{REPLICA_SETS}?watch=true", timeout=None) as answer,
        ):
            for line in filter(None, answer.iter_lines()):
                one = json.loads(line)["object"]
                changed = self._condition(one["metadata"]["name"])
                with changed:
                    self._seen[one["metadata"]["name"]] = one
                    changed.notify_all()


def _is_of(replica_set: Seen, uid: str) -> bool:
    return any(owner["uid"] == uid for owner in replica_set["metadata"].get("ownerReferences", []))


def _replica_set(deployment: Seen) -> dict[str, Any]:
    """The ReplicaSet of the Deployment's template, which its controller takes for its own."""
    spec, metadata = deployment["spec"], deployment["metadata"]
    template = deepcopy(spec["template"])
    mark = {HASH: hash_of(template)[:10]}
    labels = {**template["metadata"]["labels"], **mark}
    template["metadata"]["labels"] = labels
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{mark[HASH]}",
            "labels": {**labels, MARK: "canary"},
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {**spec["selector"]["matchLabels"], **mark}},
            "template": template,
        },
    }
