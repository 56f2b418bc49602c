"""Giving back what a release left that no row stands behind, from what it noted down on the objects themselves."""

from __future__ import annotations

from dataclasses import replace

from deployments.engine import borrowed, patches
from deployments.engine.decision import Write
from deployments.engine.in_place_patches import is_in_place, put_aside
from deployments.engine.json import Json
from deployments.engine.patches import escape, label_path, put, test_of, tests_of_claim
from deployments.engine.workload import EPOCH, ORIGINALS, PORTAL, RELEASE, labels_of, template_of


def give_back(obj: Json, *, keeps_new: bool = False) -> Write:
    """One write that takes our marks from an object and puts back what it was like: of a Deployment held in place its
    strategy, and its old template unless `keeps_new`; of a borrowed Service or route the noted parts. What is a
    release's own is deleted. The object names its kind."""
    kind = borrowed.kind_of(obj)
    if kind == "Deployment":
        return _deployment(obj, keeps_new=keeps_new)
    if kind == "ReplicaSet":
        return _without_marks(obj)
    if labels_of(obj).get(borrowed.ROLE):
        return borrowed.remove(obj, why="clean")
    return borrowed.give_back(obj, why="clean")


def _deployment(deployment: Json, *, keeps_new: bool) -> Write:
    kept = put_aside(deployment)
    if not is_in_place(deployment) or "template" not in kept:
        return replace(patches.clean(deployment), name=deployment["metadata"]["name"])
    ops = list(_without_marks(deployment).ops)
    if not keeps_new:
        ops += [test_of("/spec/template", template_of(deployment)), put("/spec/template", kept["template"])]
    ops += [put("/spec/strategy", kept.get("strategy") or {"type": "RollingUpdate"})]
    ops += [{"op": "remove", "path": "/spec/paused"}]
    return Write("clean", tuple(ops), name=deployment["metadata"]["name"])


def _without_marks(obj: Json) -> Write:
    ops = list(tests_of_claim(obj))
    marks = (PORTAL, RELEASE, EPOCH, borrowed.ROLE)
    ops += [{"op": "remove", "path": label_path(name)} for name in marks if name in labels_of(obj)]
    if ORIGINALS in (obj["metadata"].get("annotations") or {}):
        ops.append({"op": "remove", "path": f"/metadata/annotations/{escape(ORIGINALS)}"})
    return Write("clean", tuple(ops), kind=borrowed.kind_of(obj), name=obj["metadata"]["name"])
