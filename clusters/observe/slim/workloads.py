"""Slim rows of Deployments, ReplicaSets, StatefulSets, DaemonSets and HorizontalPodAutoscalers.

Replica counts share one vocabulary in all kinds: `desired` is asked for, `replicas` exist, `updated` have the newest
template, `ready` pass their probes, `available` have been ready for minReadySeconds.
"""

from clusters.observe.slim.parts import (
    Raw,
    Slim,
    conditions,
    flag,
    images,
    mapping,
    mappings,
    number,
    own_annotations,
    text,
    texts,
)

REVISION = "deployment.kubernetes.io/revision"
# Whose writes of a spec are no news to a release: its own, and what the Deployment controller makes of them.
EXPECTED_WRITERS = {"slipway", "kube-controller-manager"}
# Conditions of a workload that does not get where it is meant to.
IN_TROUBLE = {("Progressing", "False"), ("ReplicaFailure", "True")}


def _template(spec: Raw) -> tuple[Raw, Raw]:
    template = mapping(spec, "template")
    return mapping(template, "metadata"), mapping(template, "spec")


def _common(raw: Raw) -> Slim:
    """What every workload has: annotations for us, the selector, images and labels of its pod template."""
    spec = mapping(raw, "spec")
    template_metadata, template_spec = _template(spec)
    return {
        "annotations": own_annotations(mapping(raw, "metadata")),
        "selector": mapping(spec, "selector"),
        "images": images(template_spec),
        "template_labels": texts(template_metadata, "labels"),
        "generation": number(mapping(raw, "metadata"), "generation"),
        "observed_generation": number(mapping(raw, "status"), "observedGeneration"),
    }


def _counts(spec: Raw, status: Raw) -> Slim:
    return {
        "desired": number(spec, "replicas", default=1),
        "replicas": number(status, "replicas"),
        "ready": number(status, "readyReplicas"),
        "updated": number(status, "updatedReplicas"),
        "available": number(status, "availableReplicas"),
    }


def is_whole(slim: Slim) -> bool:
    """Whether the workload of this row has just the Pods it asks for, all of its newest template and available."""
    counts = {slim.get("replicas"), slim.get("available")} | ({slim["updated"]} if "paused" in slim else set())
    return counts == {slim.get("desired")} and slim.get("observed_generation", 0) >= slim.get("generation", 0)


def is_on_its_way(raw: Raw) -> bool:
    """Whether a Deployment or ReplicaSet only counts its Pods: its spec was last written by whom it is expected from
    (by managedFields, to the second), and no condition tells of trouble."""
    for condition in mappings(mapping(raw, "status"), "conditions"):
        if (text(condition, "type"), text(condition, "status")) in IN_TROUBLE:
            return False
    writers: dict[str, set[str]] = {}
    for entry in mappings(mapping(raw, "metadata"), "managedFields"):
        if "f:spec" in mapping(entry, "fieldsV1"):
            writers.setdefault(text(entry, "time"), set()).add(text(entry, "manager"))
    return bool(writers) and writers[max(writers)] <= EXPECTED_WRITERS


def deployment(raw: Raw) -> Slim:
    """Adds paused, strategy {type, max_surge, max_unavailable}, revision, min_ready_seconds, conditions."""
    spec, status = mapping(raw, "spec"), mapping(raw, "status")
    strategy = mapping(spec, "strategy")
    rolling = mapping(strategy, "rollingUpdate")
    return (
        _common(raw)
        | _counts(spec, status)
        | {
            "unavailable": number(status, "unavailableReplicas"),
            "paused": flag(spec, "paused"),
            "strategy": {
                "type": text(strategy, "type") or "RollingUpdate",
                "max_surge": rolling.get("maxSurge"),
                "max_unavailable": rolling.get("maxUnavailable"),
            },
            "min_ready_seconds": number(spec, "minReadySeconds"),
            "progress_deadline_seconds": number(spec, "progressDeadlineSeconds", default=600),
            "revision": text(mapping(mapping(raw, "metadata"), "annotations"), REVISION, limit=20),
            "conditions": conditions(status),
        }
    )


def replica_set(raw: Raw) -> Slim:
    """Adds revision and `hash`, the pod-template-hash that its pods carry."""
    metadata, spec, status = mapping(raw, "metadata"), mapping(raw, "spec"), mapping(raw, "status")
    slim = _common(raw) | _counts(spec, status)
    del slim["updated"]
    return slim | {
        "revision": text(mapping(metadata, "annotations"), REVISION, limit=20),
        "hash": text(mapping(metadata, "labels"), "pod-template-hash", limit=63),
    }


def stateful_set(raw: Raw) -> Slim:
    """Adds current_revision and update_revision (ControllerRevision names)."""
    spec, status = mapping(raw, "spec"), mapping(raw, "status")
    return (
        _common(raw)
        | _counts(spec, status)
        | {
            "current_revision": text(status, "currentRevision"),
            "update_revision": text(status, "updateRevision"),
            "conditions": conditions(status),
        }
    )


def daemon_set(raw: Raw) -> Slim:
    """`desired` counts the nodes that should run a pod, `replicas` those that do."""
    status = mapping(raw, "status")
    return _common(raw) | {
        "desired": number(status, "desiredNumberScheduled"),
        "replicas": number(status, "currentNumberScheduled"),
        "ready": number(status, "numberReady"),
        "updated": number(status, "updatedNumberScheduled"),
        "available": number(status, "numberAvailable"),
        "unavailable": number(status, "numberUnavailable"),
        "misscheduled": number(status, "numberMisscheduled"),
        "conditions": conditions(status),
    }


def autoscaler(raw: Raw) -> Slim:
    """target {kind, name}, min, max, current, desired, metrics (specs as they are), current_metrics, conditions."""
    spec, status = mapping(raw, "spec"), mapping(raw, "status")
    target = mapping(spec, "scaleTargetRef")
    return {
        "target": {"kind": text(target, "kind"), "name": text(target, "name")},
        "min": number(spec, "minReplicas", default=1),
        "max": number(spec, "maxReplicas"),
        "current": number(status, "currentReplicas"),
        "desired": number(status, "desiredReplicas"),
        "metrics": mappings(spec, "metrics"),
        "current_metrics": mappings(status, "currentMetrics"),
        "last_scale": text(status, "lastScaleTime", limit=40),
        "conditions": conditions(status),
    }
