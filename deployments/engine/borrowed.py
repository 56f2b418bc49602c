"""Objects of others that a release borrows for a while: Services and routes.

A borrowed object carries the release's claim as labels, and in one annotation what it was like before: `paths`, the
original value of each JSON pointer that is changed (None: it was absent), and `asked`, what was asked of it last, by
which another hand's change is told from our own. Every patch tests the uid, the claim and what it replaces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.patches import escape
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import EPOCH, ORIGINALS, PORTAL, RELEASE, Claim, claim_of, labels_of

ROLE = "slipway.dev/role"
API_VERSIONS = {
    "Service": "v1",
    "Ingress": "networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "GRPCRoute": "gateway.networking.k8s.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
}


def name_of(obj: Json) -> str:
    """The name of an object."""
    return str(obj["metadata"]["name"])


def at(obj: Json, pointer: str) -> Any:
    """The value at a JSON pointer of an object, None where there is none."""
    value: Any = obj
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        value = value.get(key) if isinstance(value, dict) else None
    return value


def is_ours(release: ReleaseSpec, obj: Json) -> bool:
    """Whether this very release holds the object."""
    claim = claim_of(obj)
    return (claim.portal, claim.release) == (release.portal, release.id)


def is_held_by_other(release: ReleaseSpec, obj: Json) -> bool:
    """Whether another release, or another portal, holds the object."""
    return claim_of(obj) != Claim() and not is_ours(release, obj)


def kept_of(obj: Json) -> Json:
    """What the annotation of a borrowed object says: {paths, asked}; both empty where it is not borrowed, or where
    somebody wrote something else there."""
    text = (obj["metadata"].get("annotations") or {}).get(ORIGINALS)
    try:
        kept = json.loads(text) if text else {}
    except ValueError:
        kept = {}
    if not isinstance(kept, dict):
        kept = {}
    paths, asked = kept.get("paths"), kept.get("asked")
    return {"paths": paths if isinstance(paths, dict) else {}, "asked": asked if isinstance(asked, dict) else {}}


def annotation_of(originals: Mapping[str, Any], asked: Json) -> dict[str, str]:
    """The annotation that keeps what an object was like and what is asked of it."""
    kept = {"asked": asked, "paths": dict(originals)}
    return {ORIGINALS: json.dumps(kept, sort_keys=True, separators=(",", ":"))}


def labels_of_claim(release: ReleaseSpec) -> dict[str, str]:
    """The claim as labels: whose the object is, and the epoch that fences late writes."""
    return {PORTAL: release.portal, RELEASE: release.id, EPOCH: str(release.epoch)}


def rewrite(
    release: ReleaseSpec, obj: Json, parts: Mapping[str, Any], originals: Mapping[str, Any], asked: Json, *, why: str
) -> Write:
    """Claim an object, keep its originals and what is asked of it, and write the parts: one patch, whole or not at all.

    `parts` and `originals` are values by JSON pointer; None stands for absent.
    """
    ops = _tests(obj)
    ours = labels_of_claim(release)
    if not labels_of(obj):
        ops.append(_put("/metadata/labels", ours))
    else:
        ops += [_put(f"/metadata/labels/{escape(name)}", value) for name, value in ours.items()]
    annotation = annotation_of(originals, asked)
    if not obj["metadata"].get("annotations"):
        ops.append(_put("/metadata/annotations", annotation))
    else:
        ops.append(_put(f"/metadata/annotations/{escape(ORIGINALS)}", annotation[ORIGINALS]))
    ops += _changes(obj, parts)
    return Write(why, tuple(ops), kind=kind_of(obj), name=name_of(obj))


def give_back(obj: Json, parts: Mapping[str, Any] | None = None, *, why: str = "give back") -> Write:
    """Put the parts back, the kept originals where none are given, and take away our labels and annotation."""
    ops = _tests(obj)
    ops += _changes(obj, kept_of(obj)["paths"] if parts is None else parts)
    labels = [name for name in (PORTAL, RELEASE, EPOCH) if name in labels_of(obj)]
    # An object without labels or annotations before has none afterwards: nothing of ours stays, not even a bracket.
    if labels and len(labels) == len(labels_of(obj)):
        ops.append({"op": "remove", "path": "/metadata/labels"})
    else:
        ops += [{"op": "remove", "path": f"/metadata/labels/{escape(name)}"} for name in labels]
    annotations = obj["metadata"].get("annotations") or {}
    if ORIGINALS in annotations:
        path = "/metadata/annotations" if len(annotations) == 1 else f"/metadata/annotations/{escape(ORIGINALS)}"
        ops.append({"op": "remove", "path": path})
    return Write(why, tuple(ops), kind=kind_of(obj), name=name_of(obj))


def restamp(release: ReleaseSpec, obj: Json) -> Write:
    """Raise the epoch of an object that this release holds, and change nothing else."""
    ops = [*_tests(obj), _put(f"/metadata/labels/{escape(EPOCH)}", str(release.epoch))]
    return Write("stamp", tuple(ops), kind=kind_of(obj), name=name_of(obj))


def remove(obj: Json, *, why: str = "remove") -> Write:
    """Delete an object of ours: only that very one."""
    return Write(why, kind=kind_of(obj), name=name_of(obj), verb="delete", uid=str(obj["metadata"]["uid"]))


def kind_of(obj: Json) -> str:
    """The kind of an object. Lists of built-in kinds leave it out of their items, so it is told by shape as well."""
    if kind := obj.get("kind"):
        return str(kind)
    spec = obj.get("spec") or {}
    return "Service" if "clusterIP" in spec or "selector" in spec else "Ingress"


def _tests(obj: Json) -> list[Json]:
    """The object is the one that was seen and nobody claimed it since; while nobody holds it, it has not moved."""
    claim = claim_of(obj)
    tests = [_test("/metadata/uid", obj["metadata"]["uid"])]
    if claim == Claim():
        return [*tests, _test("/metadata/resourceVersion", obj["metadata"]["resourceVersion"])]
    held = ((PORTAL, claim.portal), (RELEASE, claim.release), (EPOCH, claim.epoch))
    return tests + [_test(f"/metadata/labels/{escape(name)}", value) for name, value in held if value]


def _changes(obj: Json, parts: Mapping[str, Any]) -> list[Json]:
    """Each part that differs: a test of what stands there, then the new value."""
    ops: list[Json] = []
    for pointer, wanted in sorted(parts.items()):
        now = at(obj, pointer)
        if now == wanted:
            continue
        if now is not None:
            ops.append(_test(pointer, now))
        ops.append({"op": "remove", "path": pointer} if wanted is None else _put(pointer, wanted))
    return ops


def _test(path: str, value: object) -> Json:
    return {"op": "test", "path": path, "value": value}


def _put(path: str, value: object) -> Json:
    return {"op": "add", "path": path, "value": value}
