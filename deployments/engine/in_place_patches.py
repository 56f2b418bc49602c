"""The JSON patches of a release in place: begin, sizes, undo, end, give back. Each tests what it replaces.

Paused and Recreate with two active ReplicaSets is the one state in which the Deployment controller leaves their sizes
alone (kubernetes `pkg/controller/deployment/sync.go`, `scale`).
"""

from __future__ import annotations

import json
import shlex
from copy import deepcopy

from deployments.engine.borrowed import ROLE
from deployments.engine.decision import State, Write
from deployments.engine.json import Json
from deployments.engine.patches import claiming, escape, label_path, put, test_of, tests_of_claim
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import (
    EPOCH,
    HASH,
    ORIGINALS,
    PORTAL,
    RELEASE,
    hash_of,
    labels_of,
    same_template,
    template_of,
)

DESIRED, MAX = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
RECREATE: Json = {"type": "Recreate"}
MOST_NAME, HASH_LENGTH = 253, 10
# The role of a ReplicaSet that the release itself has made; one that was there before carries none.
MADE = "version"
# The API server takes 256 KiB of annotations an object; what is left is for others.
MOST_ORIGINALS = 200_000


def is_in_place(deployment: Json) -> bool:
    """Whether the controller leaves the sizes of this Deployment's ReplicaSets alone."""
    spec = deployment["spec"]
    return bool(spec.get("paused")) and (spec.get("strategy") or {}).get("type") == "Recreate"


def begin(release: ReleaseSpec, state: State, deployment: Json) -> Write:
    """Claim, pause, Recreate, the new template, and what has to be put back: one write begins a release in place."""
    originals = state.originals or {}
    return Write(
        "begin",
        (
            *tests_of_claim(deployment),
            *claiming(release, deployment),
            *_keep(deployment, annotation_of(release, originals, deployment)),
            *_replace(deployment, "strategy", RECREATE),
            *_replace(deployment, "paused", True),
            *_replace(deployment, "template", release.template_to),
        ),
    )


def originals_of(deployment: Json, old: str, ready: int) -> Json:
    """What has to be put back, and what was so at the start: the name of the old ReplicaSet and its ready pods."""
    spec = deployment["spec"]
    return {"strategy": spec.get("strategy"), "replicas": spec.get("replicas", 1), "old": old, "ready": ready}


def annotation_of(release: ReleaseSpec, originals: Json, deployment: Json) -> str:
    """The originals as the annotation keeps them: with the template, and with the two endings that need no portal."""
    whole = {**originals, "template": template_of(deployment), **endings(release, originals)}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    if len(text) <= MOST_ORIGINALS:
        return text
    return json.dumps({**originals, "template": template_of(deployment)}, sort_keys=True, separators=(",", ":"))


def endings(release: ReleaseSpec, originals: Json) -> Json:
    """The two endings as kubectl lines: {abort, promote}. The controller finishes either by itself."""
    give_up = [{"op": "remove", "path": "/spec/paused"}, put("/spec/strategy", originals.get("strategy"))]
    give_up += [{"op": "remove", "path": label_path(name)} for name in (PORTAL, RELEASE, EPOCH)]
    give_up.append({"op": "remove", "path": f"/metadata/annotations/{escape(ORIGINALS)}"})
    back = [{"op": "replace", "path": "/spec/template", "value": release.template_back}]
    return {"abort": _kubectl(release, [*back, *give_up]), "promote": _kubectl(release, give_up)}


def _kubectl(release: ReleaseSpec, ops: list[Json]) -> str:
    patch = shlex.quote(json.dumps(ops, separators=(",", ":")))
    return f"kubectl -n {release.namespace} patch deployment {release.workload} --type=json -p {patch}"


def undo(release: ReleaseSpec, deployment: Json) -> Write:
    """Paused, Recreate and the new template again, where another hand has changed them."""
    return Write(
        "undo",
        (
            *tests_of_claim(deployment),
            *claiming(release, deployment),
            *_replace(deployment, "strategy", RECREATE),
            *_replace(deployment, "paused", True),
            *_replace(deployment, "template", release.template_to),
        ),
    )


def end(state: State, deployment: Json) -> Write:
    """Strategy back, not paused, nothing of ours left: the Deployment is as it was, with the template that is there."""
    return Write(
        "end",
        (
            *tests_of_claim(deployment),
            test_of("/spec/template", template_of(deployment)),
            *_release_hold(state, deployment),
            *_without_marks(deployment),
        ),
    )


def give_back(release: ReleaseSpec, state: State, deployment: Json) -> Write:
    """The same with the old template: the controller brings the old pods back by itself.

    A template that another hand has put there meanwhile is not overwritten.
    """
    back = release.template_back if same_template(template_of(deployment), release.template_to) else None
    return Write(
        "abort",
        (
            *tests_of_claim(deployment),
            *(_replace(deployment, "template", back) if back else ()),
            *_release_hold(state, deployment),
            *_without_marks(deployment),
        ),
    )


def _release_hold(state: State, deployment: Json) -> list[Json]:
    ops = _replace(deployment, "strategy", kept_strategy(state, deployment))
    if "paused" in deployment["spec"]:
        ops += [test_of("/spec/paused", deployment["spec"]["paused"]), {"op": "remove", "path": "/spec/paused"}]
    return ops


def kept_strategy(state: State, deployment: Json) -> Json:
    """`spec.strategy` as it was before: from the state, else from the annotation, else what Kubernetes starts with."""
    kept = (state.originals or {}).get("strategy") or read_originals(deployment).get("strategy")
    return kept if isinstance(kept, dict) else {"type": "RollingUpdate"}


def read_originals(deployment: Json) -> Json:
    """What the annotation on the Deployment says; empty where there is none, or something else stands there."""
    try:
        kept = json.loads((deployment["metadata"].get("annotations") or {}).get(ORIGINALS) or "{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def put_aside(deployment: Json) -> Json:
    """What a release in place noted on the Deployment; empty also where the template in it is none."""
    kept = read_originals(deployment)
    return kept if isinstance(kept.get("template", {}), dict) else {}


def new_replica_set(release: ReleaseSpec, deployment: Json) -> Write:
    """Make the ReplicaSet of the template that is in the Deployment now, as its controller would, of size 0.

    The template is the one that the API server answered with: one that differs by a single annotation would not be
    recognised, and the end patch would roll every tested pod away.
    """
    spec, template = deployment["spec"], deepcopy(template_of(deployment))
    mark = {HASH: hash_of(template)[:HASH_LENGTH]}
    template.setdefault("metadata", {})["labels"] = {**labels_of(template), **mark}
    selector = deepcopy(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **mark}
    body: Json = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name_of_new(release, mark[HASH]),
            "namespace": release.namespace,
            "labels": {**labels_of(template), **claim_labels(release), ROLE: MADE},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": release.workload,
                    "uid": deployment["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": spec.get("minReadySeconds") or 0,
            "selector": selector,
            "template": template,
        },
    }
    return Write("make", kind="ReplicaSet", name=body["metadata"]["name"], verb="create", body=body)


def name_of_new(release: ReleaseSpec, mark: str) -> str:
    """The name of the new ReplicaSet: the workload's and the hash, cut so that it is a valid name."""
    return f"{release.workload[: MOST_NAME - len(mark) - 1].rstrip('-.')}-{mark}"


def claim_labels(release: ReleaseSpec) -> dict[str, str]:
    """The claim as labels of an object's metadata; never in a template."""
    return {PORTAL: release.portal, RELEASE: release.id, EPOCH: str(release.epoch)}


def size(release: ReleaseSpec, replica_set: Json, replicas: int, *, is_last: bool = False) -> Write:
    """Ask a ReplicaSet for so many pods, claim it, and take away the stamps of the controller's own scaling. The last
    write of a release takes the claim away with it: without the label an older write fails as well.

    With a stamp left the controller thinks the new ReplicaSet saturated and takes the live one to 0, or believes for
    ever that a scaling is under way (`deployment/util`, IsSaturated; `sync.go`, isScalingEvent).
    """
    metadata = replica_set["metadata"]
    ops = [*tests_of_claim(replica_set)]
    if is_last:
        ops += _without_marks(replica_set)
    elif any(labels_of(replica_set).get(name) != value for name, value in claim_labels(release).items()):
        ops += claiming(release, replica_set)
    ops += _without_stamps(replica_set)
    if replicas != size_of(replica_set):
        ops += [test_of("/spec/replicas", size_of(replica_set)), put("/spec/replicas", replicas)]
    return Write("size", tuple(ops), kind="ReplicaSet", name=metadata["name"])


def clean(replica_set: Json) -> Write | None:
    """Take our claim, the copy of our annotation and the stamps off a ReplicaSet; None where there is nothing."""
    ops = _without_marks(replica_set)
    if not ops:
        return None
    return Write("clean", (*tests_of_claim(replica_set), *ops), kind="ReplicaSet", name=replica_set["metadata"]["name"])


def unstamp(replica_set: Json) -> Write:
    """Take away the stamps of the controller's own scaling, and nothing else."""
    ops = (*tests_of_claim(replica_set), *_without_stamps(replica_set))
    return Write("unstamp", ops, kind="ReplicaSet", name=replica_set["metadata"]["name"])


def remove(replica_set: Json) -> Write:
    """Delete a ReplicaSet that this release has made."""
    metadata = replica_set["metadata"]
    return Write("remove", kind="ReplicaSet", name=metadata["name"], verb="delete", uid=metadata["uid"])


def is_stamped(replica_set: Json) -> bool:
    """Whether the controller has noted on it how many it was scaled for."""
    annotations = replica_set["metadata"].get("annotations") or {}
    return DESIRED in annotations or MAX in annotations


def size_of(replica_set: Json) -> int:
    """How many pods a ReplicaSet is asked for; the API server's default is 1."""
    replicas = replica_set["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def _without_stamps(replica_set: Json) -> list[Json]:
    annotations = replica_set["metadata"].get("annotations") or {}
    return [
        {"op": "remove", "path": f"/metadata/annotations/{escape(name)}"}
        for name in (DESIRED, MAX)
        if name in annotations
    ]


def _without_marks(obj: Json) -> list[Json]:
    ops = [
        {"op": "remove", "path": label_path(name)} for name in (PORTAL, RELEASE, EPOCH, ROLE) if name in labels_of(obj)
    ]
    annotations = obj["metadata"].get("annotations") or {}
    if ORIGINALS in annotations:
        ops.append({"op": "remove", "path": f"/metadata/annotations/{escape(ORIGINALS)}"})
    return ops


def _keep(deployment: Json, text: str) -> list[Json]:
    if not deployment["metadata"].get("annotations"):
        return [put("/metadata/annotations", {ORIGINALS: text})]
    return [put(f"/metadata/annotations/{escape(ORIGINALS)}", text)]


def _replace(deployment: Json, field: str, value: object) -> list[Json]:
    """Nothing where the field is so already; else a test of what is there, and the new value."""
    spec, path = deployment["spec"], f"/spec/{field}"
    if spec.get(field) == value:
        return []
    tests = [test_of(path, spec[field])] if field in spec else []
    return [*tests, put(path, value)]
