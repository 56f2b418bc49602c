"""Services and the pods behind them: which one is routed, its pin to one version, and a Service of ours beside it.

Every Service that matches the new pods would leak requests to them. So before the first new pod the routed Service's
selector becomes original + `pod-template-hash: <old>`, and a Service of ours selects original + `<new>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployments.engine import borrowed
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.workload import HASH, labels_of, template_of

SELECTOR = "/spec/selector"
LONGEST_NAME = 63
SERVICE_OF_SLICE = "kubernetes.io/service-name"
# What a Service of ours takes over from the one it stands beside; addresses and node ports are its own.
COPIED = ("sessionAffinity", "sessionAffinityConfig", "publishNotReadyAddresses", "trafficDistribution")
COPIED_PORT = ("name", "protocol", "appProtocol", "port", "targetPort")


def beside(name: str, what: str) -> str:
    """The name of an object of ours beside another one, cut to what a name may have."""
    suffix = f"-{what}"
    return name[: LONGEST_NAME - len(suffix)].rstrip("-.") + suffix


def service_named(seen: Seen, name: str) -> Json | None:
    """The Service of that name, None where there is none."""
    return next((one for one in seen.services if borrowed.name_of(one) == name), None)


def routed_service(release: ReleaseSpec, seen: Seen) -> Json | None:
    """The Service that users of the target reach: the target's own, else the only one that selects its pods. None: it
    is not there, or can't be told from others."""
    if release.kubernetes_service:
        return service_named(seen, release.kubernetes_service)
    matching = list(selecting(seen))
    return matching[0] if len(matching) == 1 else None


def selecting(seen: Seen) -> Iterator[Json]:
    """The Services, not of ours, whose original selector matches the pods of the Deployment."""
    if seen.deployment is None:
        return
    labels = labels_of(template_of(seen.deployment))
    for service in seen.services:
        selector = original_selector(service)
        if selector and not labels_of(service).get(borrowed.ROLE) and _matches(selector, labels):
            yield service


def original_selector(service: Json) -> dict[str, str]:
    """The selector without a pin. Where another hand has changed it meanwhile, theirs is the original now."""
    current = dict((service.get("spec") or {}).get("selector") or {})
    kept = borrowed.kept_of(service)["paths"].get(SELECTOR)
    if isinstance(kept, dict) and _unpinned(current) == _unpinned(kept):
        return dict(kept)
    return _unpinned(current)


def pinned_hash(service: Json) -> str:
    """The version that a Service is pinned to, "" where it takes all pods."""
    return str(((service.get("spec") or {}).get("selector") or {}).get(HASH, ""))


def aim(release: ReleaseSpec, service: Json, pod_hash: str, *, why: str) -> Write | None:
    """The Service selects the pods of one version only; "" takes all of its pods again but keeps the claim."""
    original = original_selector(service)
    wanted = {**original, HASH: pod_hash} if pod_hash else original
    asked = {"hash": pod_hash}
    kept = borrowed.kept_of(service)
    if (
        borrowed.is_ours(release, service)
        and borrowed.at(service, SELECTOR) == wanted
        and kept == {"paths": {SELECTOR: original}, "asked": asked}
    ):
        return None
    return borrowed.rewrite(release, service, {SELECTOR: wanted}, {SELECTOR: original}, asked, why=why)


def let_go(release: ReleaseSpec, service: Json) -> Write | None:
    """The Service is as it was found. None: it is not held by this release."""
    if not borrowed.is_ours(release, service):
        return None
    return borrowed.give_back(service, {SELECTOR: original_selector(service)}, why="unpin")


def is_edited(release: ReleaseSpec, service: Json) -> bool:
    """Whether another hand has changed the selector of a Service that this release holds."""
    asked = borrowed.kept_of(service)["asked"]
    return borrowed.is_ours(release, service) and "hash" in asked and pinned_hash(service) != asked["hash"]


def of_ours(release: ReleaseSpec, service: Json, name: str, role: str, pod_hash: str) -> Write:
    """Make a Service beside the routed one that selects the pods of one version. `role`: canary or preview."""
    spec = service["spec"]
    body: Json = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {**borrowed.labels_of_claim(release), borrowed.ROLE: role}},
        "spec": {
            "selector": {**original_selector(service), HASH: pod_hash},
            "ports": [{key: port[key] for key in COPIED_PORT if key in port} for port in spec.get("ports") or []],
            **{key: spec[key] for key in COPIED if key in spec},
            **({"clusterIP": "None"} if spec.get("clusterIP") == "None" else {}),
        },
    }
    return Write(f"make {role} service", kind="Service", name=name, verb="create", body=body)


def moved(release: ReleaseSpec, ours: Json, service: Json, pod_hash: str) -> Write | None:
    """Our Service selects the pods of that version. An apply with its uid and resourceVersion: it neither makes a
    deleted Service again nor overtakes a newer write."""
    wanted = {**original_selector(service), HASH: pod_hash}
    if borrowed.at(ours, SELECTOR) == wanted and borrowed.is_ours(release, ours):
        return None
    metadata = {
        "name": borrowed.name_of(ours),
        "uid": ours["metadata"]["uid"],
        "resourceVersion": ours["metadata"]["resourceVersion"],
        "labels": {**borrowed.labels_of_claim(release), borrowed.ROLE: labels_of(ours).get(borrowed.ROLE, "preview")},
    }
    ports = [{key: port[key] for key in COPIED_PORT if key in port} for port in ours["spec"].get("ports") or []]
    body = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": wanted, "ports": ports}}
    return Write("aim service", kind="Service", name=borrowed.name_of(ours), verb="apply", body=body)


def endpoints_of(seen: Seen, service_name: str) -> list[Json]:
    """The endpoints of a Service as its EndpointSlices have them."""
    return [
        endpoint
        for one in seen.endpoint_slices
        if labels_of(one).get(SERVICE_OF_SLICE) == service_name
        for endpoint in one.get("endpoints") or []
    ]


def ready_pods_of(seen: Seen, service_name: str) -> set[str]:
    """Names of the pods that a Service sends requests to now. A missing `ready` means ready (discovery.k8s.io/v1)."""
    return {
        str((endpoint.get("targetRef") or {}).get("name", ""))
        for endpoint in endpoints_of(seen, service_name)
        if (endpoint.get("conditions") or {}).get("ready") is not False
    }


def pods_of(seen: Seen, replica_set: Json | None) -> set[str]:
    """Names of the pods of a ReplicaSet that are not on their way out."""
    if replica_set is None:
        return set()
    uid = replica_set["metadata"]["uid"]
    return {
        borrowed.name_of(pod)
        for pod in seen.pods
        if not pod["metadata"].get("deletionTimestamp")
        and any(owner.get("uid") == uid for owner in pod["metadata"].get("ownerReferences") or [])
    }


def hash_of_set(replica_set: Json | None) -> str:
    """The `pod-template-hash` of a ReplicaSet's pods, "" where there is none."""
    return labels_of(replica_set).get(HASH, "") if replica_set else ""


def _unpinned(selector: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in selector.items() if key != HASH}


def _matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items() if key != HASH)
