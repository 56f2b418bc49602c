"""What a tick looks at beside Pods where traffic is steered: Services, their EndpointSlices, routes, the HPA.

Services and their slices come from the watcher's rows where those are kept whole, like Pods; routes are read from the
API server, because their kinds are not watched: not every cluster has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from clusters.connection import Door, paths
from clusters.errors import ApiRefused
from clusters.models import Observation
from clusters.observe import read
from clusters.observe.slim.network import SERVICE_NAME
from clusters.observe.whole import selects
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.workload import RELEASE, labels_of, template_of

ROUTES = {
    "istio": ("VirtualService", "DestinationRule"),
    "gateway_api": ("HTTPRoute", "GRPCRoute"),
    "nginx": ("Ingress",),
}
Ask = Callable[[str], list[Json]]


@dataclass(frozen=True)
class Wanted:
    """What a strategy has use for: `services` with their slices, `routes` by kind, the `autoscaler`."""

    services: bool = False
    routes: tuple[str, ...] = ()
    autoscaler: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.services or self.routes or self.autoscaler)


NOTHING = Wanted()


def wanted_by(strategy: Json) -> Wanted:
    """By the JSON of a strategy. A rolling release looks at no traffic."""
    kind = strategy.get("type")
    if kind == "blue_green":
        return Wanted(services=True, autoscaler=True)
    if kind != "canary":
        return NOTHING
    routes = ROUTES.get(strategy.get("traffic") or "", ())
    return Wanted(services=bool(routes), routes=routes, autoscaler=True)


def with_traffic(
    seen: Seen, wanted: Wanted, door: Door, namespace: str, workload: str, before_request: Callable[[], None]
) -> Seen:
    """Add to what was seen what the strategy has use for, all of it read from the API server.

    A kind that the cluster does not have counts as none. Raises what the door raises.
    """

    def ask(kind: str) -> list[Json]:
        before_request()
        return listed(door, kind, namespace)

    services, slices = _services(seen, ask) if wanted.services else ((), ())
    return _with_rest(replace(seen, services=services, endpoint_slices=slices), wanted, ask, workload)


def with_rows(
    seen: Seen,
    wanted: Wanted,
    cluster_id: Any,
    namespace: str,
    workload: str,
    written: Json,
    door: Callable[[], Door],
    before_request: Callable[[], None],
) -> Seen | None:
    """The same with Services and slices of the watcher's rows. None where these are not kept whole or are older than
    our own last write of one (`written`, by kind and name)."""

    def ask(kind: str) -> list[Json]:
        before_request()
        return listed(door(), kind, namespace)

    if wanted.services:
        found = _services_in_rows(seen, cluster_id, namespace, written)
        if found is None:
            return None
        seen = replace(seen, services=found[0], endpoint_slices=found[1])
    return _with_rest(seen, wanted, ask, workload)


def listed(door: Door, kind: str, namespace: str) -> list[Json]:
    """All objects of a kind in a namespace, each naming its kind; [] where the cluster does not have the kind."""
    try:
        items: list[Json] = door.list(paths.all_of_kind(kind, namespace))["items"]
    except ApiRefused as error:
        # A group that is not served is a bare 404 without a Status.
        if error.http_status == 404:
            return []
        raise
    # The items of a typed list name neither.
    return [{"apiVersion": paths.api_version(kind), "kind": kind, **item} for item in items]


def _with_rest(seen: Seen, wanted: Wanted, ask: Ask, workload: str) -> Seen:
    names = {one["metadata"]["name"] for one in seen.services}
    routes = [one for kind in wanted.routes for one in ask(kind) if _is_ours(one) or mentions(one.get("spec"), names)]
    scaler = None
    if wanted.autoscaler:
        scaler = next((one for one in ask("HorizontalPodAutoscaler") if scales(one, workload)), None)
    return replace(seen, routes=tuple(routes), autoscaler=scaler)


def _services(seen: Seen, ask: Ask) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
    pods = _pod_labels(seen)
    services = tuple(one for one in ask("Service") if _is_ours(one) or selects(_selector(one), pods))
    names = {one["metadata"]["name"] for one in services}
    slices = ask("EndpointSlice") if names else []
    return services, tuple(one for one in slices if labels_of(one).get(SERVICE_NAME) in names)


def _services_in_rows(
    seen: Seen, cluster_id: Any, namespace: str, written: Json
) -> tuple[tuple[Json, ...], tuple[Json, ...]] | None:
    if not read.watching(cluster_id, "Service", "EndpointSlice"):
        return None
    rows, slices = read.services_of(cluster_id, namespace, _pod_labels(seen))
    names = {row.name: row for row in rows}
    for key, ours in written.items():
        kind, _slash, name = key.partition("/")
        if kind == "Service" and (name not in names or names[name].resource_version < ours["resource_version"]):
            return None
    if any(row.whole is None for row in [*rows, *slices]):
        return None
    return _whole(rows), _whole(slices)


def _whole(rows: list[Observation]) -> tuple[Json, ...]:
    return tuple({"kind": row.kind, **row.whole} for row in rows if row.whole is not None)


def aims_at(slim: Json, workload: str) -> bool:
    """Whether the HPA of this row scales the Deployment of that name."""
    aim = slim.get("target") or {}
    return (aim.get("kind"), aim.get("name")) == ("Deployment", workload)


def scales(autoscaler: Json, workload: str) -> bool:
    """Whether an HPA scales the Deployment of that name."""
    aim = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (aim.get("kind"), aim.get("name")) == ("Deployment", workload)


def mentions(value: Any, services: set[str]) -> bool:
    """Whether a route's spec names one of the Services, short or with its namespace, anywhere."""
    return any(text.partition(".")[0] in services for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _pod_labels(seen: Seen) -> dict[str, str]:
    """The labels of the Pods by the template; where the Deployment is gone, those that its last ReplicaSets give."""
    holders = [seen.deployment] if seen.deployment else list(seen.replica_sets)
    labels: dict[str, str] = {}
    for holder in holders:
        labels |= (template_of(holder).get("metadata") or {}).get("labels") or {}
    return labels


def _selector(service: Json) -> dict[str, str]:
    selector: dict[str, str] = (service.get("spec") or {}).get("selector") or {}
    return selector


def _is_ours(obj: Json) -> bool:
    return RELEASE in labels_of(obj)
