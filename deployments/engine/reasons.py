"""Why pods do not become ready: the closed list of api.md, each with the state or event that proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployments.engine.json import Json
from deployments.engine.seen import Seen

WAITING = {
    "ErrImagePull": "ImagePullFailed",
    "ImagePullBackOff": "ImagePullFailed",
    "ErrImageNeverPull": "ImagePullFailed",
    "ImageInspectError": "ImagePullFailed",
    "RegistryUnavailable": "ImagePullFailed",
    "InvalidImageName": "InvalidImageName",
    "CrashLoopBackOff": "CrashLoopBackOff",
    "CreateContainerConfigError": "ContainerConfigError",
    "CreateContainerError": "ContainerConfigError",
    "RunContainerError": "ContainerConfigError",
}


@dataclass(frozen=True)
class Failure:
    """One reason, and its proof: `kind` and `name` of the object that says it, `where` in it, and its own words."""

    reason: str
    kind: str
    name: str
    where: str
    words: str

    def to_json(self) -> Json:
        return {"kind": self.kind, "name": self.name, "where": self.where, "words": self.words}


def failures(seen: Seen, replica_sets: tuple[Json, ...]) -> list[Failure]:
    """Every failure that the pods of the given ReplicaSets, or the ReplicaSets themselves, show. Worst first:
    what keeps a pod from being made, then from being placed, then from running."""
    uids = {one["metadata"]["uid"] for one in replica_sets}
    found = [failure for one in replica_sets for failure in _of_replica_set(one)]
    for pod in seen.pods:
        owners = pod["metadata"].get("ownerReferences") or []
        if any(owner.get("uid") in uids for owner in owners) and not pod["metadata"].get("deletionTimestamp"):
            found.extend(_of_pod(pod, seen.events))
    order = {"QuotaExceeded": 0, "AdmissionDenied": 0, "Forbidden": 0, "Unschedulable": 1}
    return sorted(found, key=lambda failure: order.get(failure.reason, 2))


def _of_replica_set(replica_set: Json) -> Iterator[Failure]:
    for condition in (replica_set.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            words = str(condition.get("message") or "")
            yield Failure(
                reason_of_refusal(words), "ReplicaSet", replica_set["metadata"]["name"], "ReplicaFailure", words
            )


def _of_pod(pod: Json, events: tuple[Json, ...]) -> Iterator[Failure]:
    name = pod["metadata"]["name"]
    status = pod.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            yield Failure("Unschedulable", "Pod", name, "PodScheduled", str(condition.get("message") or ""))
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = WAITING.get(waiting.get("reason") or "")
        if not reason:
            continue
        words = str(waiting.get("message") or "") or _event_words(pod, events)
        ended = (container.get("lastState") or {}).get("terminated") or {}
        if reason == "CrashLoopBackOff" and ended:
            words = f"{words} (exit code {ended.get('exitCode')}, {ended.get('reason') or 'Error'})".strip()
        where = f"container {container.get('name')}: {waiting.get('reason')}"
        yield Failure(reason, "Pod", name, where, words)


def _event_words(pod: Json, events: tuple[Json, ...]) -> str:
    """The newest Warning about the pod, for states that carry no message of their own."""
    uid = pod["metadata"].get("uid")
    warnings = [
        event
        for event in events
        if (event.get("involvedObject") or {}).get("uid") == uid and event.get("type") == "Warning"
    ]
    newest = max(warnings, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "", default=None)
    return str(newest.get("message") or "") if newest else ""


def reason_of_refusal(words: str) -> str:
    """Which reason of the closed list the API server's words of refusal amount to."""
    low = words.lower()
    if "exceeded quota" in low or "failed quota" in low or ("maximum" in low and "limitrange" in low):
        return "QuotaExceeded"
    if (
        "admission webhook" in low
        or "failed calling webhook" in low
        or "denied request" in low
        or "violates podsecurity" in low
        or "is forbidden: v" in low
    ):
        return "AdmissionDenied"
    if "is invalid" in low:
        return "AdmissionDenied"
    return "Forbidden"
