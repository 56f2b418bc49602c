"""Reading a Deployment and its ReplicaSets: whose it is, what it runs, whether a rollout is complete."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from dataclasses import dataclass

from deployments.engine.decision import Counts
from deployments.engine.json import Json
from deployments.engine.seen import Seen

PORTAL, RELEASE, EPOCH = "slipway.dev/portal", "slipway.dev/release", "slipway.dev/epoch"
ORIGINALS = "slipway.dev/originals"
# On a Deployment whose `spec.paused` a release has set because a person holds it.
HELD = "slipway.dev/held"
HASH = "pod-template-hash"


@dataclass(frozen=True)
class Claim:
    """Who says that the Deployment is theirs, by its labels. Empty: nobody."""

    portal: str = ""
    release: str = ""
    epoch: str = ""


def labels_of(obj: Json) -> dict[str, str]:
    """The labels of an object's metadata; an empty dict where a malformed object has something else there."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    return labels if isinstance(labels, dict) else {}


def claim_of(deployment: Json) -> Claim:
    """The claim that a Deployment's labels carry."""
    labels = labels_of(deployment)
    return Claim(labels.get(PORTAL, ""), labels.get(RELEASE, ""), labels.get(EPOCH, ""))


def owner_uid(obj: Json) -> str:
    """The uid of the object's controller, empty where it has none."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def template_of(obj: Json) -> Json:
    """The pod template of a Deployment or ReplicaSet."""
    template: Json = (obj.get("spec") or {}).get("template") or {}
    return template


def hash_of(template: Json) -> str:
    """The identity of a pod template: SHA-256 of its canonical JSON, 64 hex digits."""
    text = json.dumps(_without_hash(template), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def same_template(one: Json, other: Json) -> bool:
    """Equal but for `pod-template-hash`, as the Deployment controller compares (EqualIgnoreHash)."""
    return one.get("spec") == other.get("spec") and _metadata(one) == _metadata(other)


def _metadata(template: Json) -> Json:
    """What of a template's metadata counts; absent and empty are the same to the API server."""
    metadata = template.get("metadata") or {}
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH}
    rest = {name: value for name, value in metadata.items() if name not in ("labels", "creationTimestamp") and value}
    return {**rest, "labels": labels}


def _without_hash(template: Json) -> Json:
    copy = deepcopy(template)
    metadata = copy.get("metadata") or {}
    metadata.pop("creationTimestamp", None)
    labels = metadata.get("labels")
    if labels:
        labels.pop(HASH, None)
    copy["metadata"] = metadata
    return copy


def is_complete(deployment: Json) -> bool:
    """Whether the rollout of the template in `spec` is done, by the rule of `kubectl rollout status`."""
    status = deployment.get("status") or {}
    desired = desired_of(deployment)
    updated = status.get("updatedReplicas") or 0
    return (
        (status.get("observedGeneration") or 0) >= (deployment["metadata"].get("generation") or 0)
        and updated == desired
        and (status.get("replicas") or 0) == updated
        and (status.get("availableReplicas") or 0) == updated
    )


def desired_of(deployment: Json) -> int:
    """How many replicas are wanted; the API server's default is 1."""
    replicas = (deployment.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def new_replica_sets(seen: Seen, template: Json) -> tuple[Json, ...]:
    """The ReplicaSets of the Deployment whose template is the given one."""
    return tuple(one for one in seen.replica_sets if same_template(template_of(one), template))


def counts_of(seen: Seen, template: Json) -> Counts:
    """Pods by version, as the ReplicaSets' own status has them."""
    if seen.deployment is None:
        return Counts()
    new = {one["metadata"]["uid"] for one in new_replica_sets(seen, template)}
    numbers = {"new": 0, "new_ready": 0, "old": 0, "old_ready": 0}
    for one in seen.replica_sets:
        which = "new" if one["metadata"]["uid"] in new else "old"
        status = one.get("status") or {}
        numbers[which] += status.get("replicas") or 0
        numbers[f"{which}_ready"] += status.get("readyReplicas") or 0
    return Counts(desired=desired_of(seen.deployment), **numbers)


def last_writer_of_template(deployment: Json) -> str:
    """The field manager that wrote the pod template last, by managedFields; empty when not known."""
    writers = [
        (entry.get("time") or "", entry.get("manager") or "")
        for entry in (deployment["metadata"].get("managedFields") or [])
        if "f:template" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    ]
    return max(writers)[1] if writers else ""
