"""What stands around a workload, for the plan: Services, routes, autoscaler, budgets, quotas, claims, nodes, guard.

All of it is asked of the API server at once (slices once their Services are known), each kind within the deadline of
one request. What may not be read, or does not come, is unknown: named, and never taken for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from clusters.access_manifest import GUARD
from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.observe import read
from clusters.observe.slim.network import SERVICE_NAME
from clusters.observe.whole import selector_text, selects
from deployments.engine.json import Json
from deployments.engine.seen import Seen
from deployments.engine.strategies import Canary, Strategy
from deployments.engine.workload import owner_uid, template_of
from deployments.lease import REQUEST_SECONDS
from deployments.observe_traffic import ROUTES, listed, mentions, scales
from services.models import Target

AT_ONCE = 6
Question = Callable[[Door], Any]


@dataclass(frozen=True)
class Surroundings:
    """`services` are those that pick the workload's Pods, `routes` those that name one of them. `missing` are kinds
    that the cluster does not have, `unknown` what could not be read, with the cluster's words. `guarded` None: unknown.
    """

    replica_sets: tuple[Json, ...] = ()
    pods: tuple[Json, ...] = ()
    services: tuple[Json, ...] = ()
    endpoint_slices: tuple[Json, ...] = ()
    routes: tuple[Json, ...] = ()
    autoscaler: Json | None = None
    budgets: tuple[Json, ...] = ()
    quotas: tuple[Json, ...] = ()
    claims: tuple[Json, ...] = ()
    nodes: tuple[dict[str, str], ...] = ()
    guarded: bool | None = None
    missing: tuple[str, ...] = ()
    unknown: dict[str, str] = field(default_factory=dict)

    def seen(self, deployment: Json) -> Seen:
        """As a tick would see it, for the parts of the engine that judge a plan."""
        return Seen(
            deployment=deployment,
            replica_sets=self.replica_sets,
            pods=self.pods,
            services=self.services,
            endpoint_slices=self.endpoint_slices,
            routes=self.routes,
            autoscaler=self.autoscaler,
            live=True,
        )


def surroundings_of(target: Target, deployment: Json, template_to: Json, strategy: Strategy) -> Surroundings:
    """Ask for everything that the plan of this strategy judges by. Never raises for what a cluster can answer."""
    routes = ROUTES.get(strategy.traffic, ()) if isinstance(strategy, Canary) else ()
    kinds = ("Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", *routes)
    asked = _Asked(target)
    questions: dict[str, Question] = {kind: partial(_listed, kind, target.namespace) for kind in kinds}
    selector = {"labelSelector": selector_text(deployment["spec"].get("selector") or {})}
    questions["ReplicaSet"] = partial(_items, paths.replicasets(target.namespace), selector)
    questions["Pod"] = partial(_items, paths.pods(target.namespace), selector)
    questions["ResourceQuota"] = partial(_items, paths.resource_quotas(target.namespace), None)
    questions["guard"] = lambda door: bool(door.get(paths.admission_policy_binding(GUARD)))
    for claim in _claims(template_to):
        path = f"{paths.namespace(target.namespace)}/persistentvolumeclaims/{claim}"
        questions[f"claim {claim}"] = partial(_object, path)
    # Of a router's kinds it matters whether the cluster has them at all.
    questions |= {kind: partial(_items, paths.all_of_kind(kind, target.namespace), None) for kind in routes}
    asked.all(questions)

    services = _picking(asked.found.get("Service") or [], deployment)
    names = {one["metadata"]["name"] for one in services}
    if names:
        # A namespace has as many slices as Services, and those of others are large.
        wanted = {"labelSelector": f"{SERVICE_NAME} in ({','.join(sorted(names))})"}
        asked.all({"EndpointSlice": partial(_items, paths.all_of_kind("EndpointSlice", target.namespace), wanted)})
    uid = deployment["metadata"]["uid"]
    return Surroundings(
        replica_sets=tuple(one for one in asked.found.get("ReplicaSet") or [] if owner_uid(one) == uid),
        pods=tuple(asked.found.get("Pod") or ()),
        services=services,
        endpoint_slices=tuple(asked.found.get("EndpointSlice") or ()),
        routes=tuple(
            {"apiVersion": paths.api_version(kind), "kind": kind, **one}
            for kind in routes
            for one in asked.found.get(kind) or []
            if mentions(one.get("spec"), names)
        ),
        autoscaler=next(
            (one for one in asked.found.get("HorizontalPodAutoscaler") or [] if scales(one, target.workload)), None
        ),
        budgets=tuple(asked.found.get("PodDisruptionBudget") or ()),
        quotas=tuple(asked.found.get("ResourceQuota") or ()),
        claims=tuple(one for name, one in asked.found.items() if name.startswith("claim ")),
        nodes=_nodes(target),
        guarded=asked.found.get("guard", False if "guard" in asked.missing else None),
        missing=tuple(kind for kind in routes if kind in asked.missing),
        unknown=asked.unknown,
    )


def _listed(kind: str, namespace: str, door: Door) -> list[Json]:
    return listed(door, kind, namespace)


def _items(path: str, params: dict[str, str] | None, door: Door) -> list[Json]:
    items: list[Json] = door.list(path, params)["items"]
    return items


def _object(path: str, door: Door) -> Json:
    return door.get(path)


class _Asked:
    """Answers by the name of the question; what is not there is `missing`, what did not come is `unknown`."""

    def __init__(self, target: Target) -> None:
        self.found: dict[str, Any] = {}
        self.missing: set[str] = set()
        self.unknown: dict[str, str] = {}
        self._target = target

    def all(self, questions: dict[str, Question]) -> None:
        try:
            door = connect(self._target.cluster, timeout_seconds=REQUEST_SECONDS)
        except ClusterUnreachable as error:
            self.unknown |= dict.fromkeys(questions, error.detail)
            return
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="plan") as threads:
            futures = {name: threads.submit(question, door) for name, question in questions.items()}
        for name, future in futures.items():
            try:
                self.found[name] = future.result()
            except ApiRefused as error:
                if error.http_status == 404:
                    self.missing.add(name)
                else:
                    self.unknown[name] = error.message
            except ClusterUnreachable as error:
                self.unknown[name] = error.detail


def _picking(services: Iterable[Json], deployment: Json) -> tuple[Json, ...]:
    labels = (template_of(deployment).get("metadata") or {}).get("labels") or {}
    return tuple(one for one in services if selects((one.get("spec") or {}).get("selector") or {}, labels))


def _claims(template: Json) -> list[str]:
    volumes = (template.get("spec") or {}).get("volumes") or []
    names = [(volume.get("persistentVolumeClaim") or {}).get("claimName") for volume in volumes]
    return sorted({name for name in names if name})


def _nodes(target: Target) -> tuple[dict[str, str], ...]:
    """The labels of the nodes that take Pods, by the watcher's rows."""
    rows = read.observed_many(target.cluster_id, "Node", "")
    return tuple(row.labels for row in rows if not row.slim.get("unschedulable") and row.slim.get("ready") is not False)
