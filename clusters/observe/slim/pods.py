"""Slim rows of Pods: where it runs, whether it is ready, and the words of every container that is not."""

from collections.abc import Iterator

from clusters.observe.slim.parts import Raw, Slim, conditions, flag, mapping, mappings, number, text
from clusters.quantities import bytes_of, millis_of

STATES = ("waiting", "running", "terminated")
# What a container waits for that comes up without trouble.
COMING_UP = ("", "ContainerCreating", "PodInitializing")


def _state(state: Raw) -> Slim:
    """{"is": waiting|running|terminated, "reason", "message", "exit_code", "started", "finished"}, {} when unknown."""
    for name in STATES:
        if state.get(name) is not None:
            detail = mapping(state, name)
            slim: Slim = {"is": name}
            if name == "terminated":
                slim |= {"exit_code": number(detail, "exitCode"), "finished": text(detail, "finishedAt", limit=40)}
            if started := text(detail, "startedAt", limit=40):
                slim["started"] = started
            for key in ("reason", "message"):
                if value := text(detail, key):
                    slim[key] = value
            return slim
    return {}


def _containers(spec: Raw, status: Raw, field: str, status_field: str) -> list[Slim]:
    """The containers in the order of the spec, each with its state; a container without status is simply not ready."""
    statuses = {text(entry, "name"): entry for entry in mappings(status, status_field)}
    slim = []
    for container in mappings(spec, field):
        name = text(container, "name")
        entry = statuses.get(name, {})
        slim.append(
            {
                "name": name,
                "image": text(container, "image"),
                "ready": flag(entry, "ready"),
                "restarts": number(entry, "restartCount"),
                "state": _state(mapping(entry, "state")),
                "last_state": _state(mapping(entry, "lastState")),
            }
        )
    return slim


def _resources(spec: Raw, which: str) -> Slim:
    """`requests` (what the scheduler sets aside) or `limits`: the sum of the containers, or one init container where
    that has more."""

    def asked(field: str) -> Iterator[tuple[int, int]]:
        for container in mappings(spec, field):
            amounts = mapping(mapping(container, "resources"), which)
            yield millis_of(amounts.get("cpu")), bytes_of(amounts.get("memory"))

    running = list(asked("containers"))
    starting = list(asked("initContainers"))
    return {
        "cpu_millis": max([sum(cpu for cpu, _ in running), *(cpu for cpu, _ in starting)]),
        "memory_bytes": max([sum(memory for _, memory in running), *(memory for _, memory in starting)]),
    }


def pod(raw: Raw) -> Slim:
    """phase, reason, message, node, pod_ip, ready, restarts, containers, init_containers, conditions, requests, limits,
    qos."""
    spec, status = mapping(raw, "spec"), mapping(raw, "status")
    containers = _containers(spec, status, "containers", "containerStatuses")
    found = conditions(status)
    return {
        "phase": text(status, "phase", limit=32) or "Unknown",
        "reason": text(status, "reason", limit=256),
        "message": text(status, "message"),
        "node": text(spec, "nodeName", limit=253),
        "pod_ip": text(status, "podIP", limit=64),
        "started": text(status, "startTime", limit=40),
        "ready": found.get("Ready", {}).get("status") == "True",
        "ready_containers": sum(1 for container in containers if container["ready"]),
        "restarts": sum(container["restarts"] for container in containers),
        "containers": containers,
        "init_containers": _containers(spec, status, "initContainers", "initContainerStatuses"),
        "conditions": found,
        "requests": _resources(spec, "requests"),
        "limits": _resources(spec, "limits"),
        "qos": text(status, "qosClass", limit=32),
    }


def is_coming_up(slim: Slim) -> bool:
    """Whether the Pod of this row has not begun to run, and nothing says that it will not."""
    waits_for_node = slim.get("conditions", {}).get("PodScheduled", {}).get("status") == "False"
    containers = [*slim.get("containers", ()), *slim.get("init_containers", ())]
    return slim.get("phase") == "Pending" and not waits_for_node and all(map(_is_well, containers))


def is_serving(slim: Slim) -> bool:
    """Whether the Pod of this row does what it is there for, and did from the start."""
    return slim.get("phase") == "Running" and bool(slim.get("ready")) and not slim.get("restarts")


def _is_well(container: Slim) -> bool:
    state = container["state"]
    is_waiting = state.get("is", "waiting") == "waiting"
    return not container["restarts"] and (not is_waiting or state.get("reason", "") in COMING_UP)
