"""What makes a canary or a blue-green release impossible on a workload, beside what stands in the way of any."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from deployments.engine import pin, routing
from deployments.engine.json import Json
from deployments.engine.routers import Ends, Obstacle
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import BlueGreen, Canary, Strategy
from deployments.obstacle_words import obstacle_words
from deployments.plan_steps import planned_steps
from deployments.surroundings import Surroundings
from deployments.warnings import Note

SINGLE_WRITER = {"ReadWriteOnce", "ReadWriteOncePod"}


def refusals_in_place(spec: ReleaseSpec, deployment: Json, around: Surroundings) -> list[Note]:
    """All refusals of a strategy that runs two versions side by side; empty for a rolling release.

    What its analysis templates are refused for is said by `deployments.analysis.trying`.
    """
    if not isinstance(spec.strategy, Canary | BlueGreen):
        return []
    return [
        *_of_the_workload(deployment, spec.template_to, around),
        *_of_weights(deployment, spec.strategy),
        *_of_the_autoscaler(spec.strategy, around),
        *_of_traffic(spec, deployment, around),
    ]


def _of_the_workload(deployment: Json, template_to: Json, around: Surroundings) -> Iterator[Note]:
    name = deployment["metadata"]["name"]
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        text = _(
            "The strategy of %(name)s is Recreate, so it never runs two versions at once. Release it rolling, or make "
            "it RollingUpdate first."
        )
        yield Note("recreate", text % {"name": name})
    for claim in around.claims:
        modes = set((claim.get("spec") or {}).get("accessModes") or [])
        if modes and modes <= SINGLE_WRITER:
            text = _("The volume claim %(claim)s is %(mode)s: Pods of two versions on different nodes can't share it.")
            yield Note("volume", text % {"claim": claim["metadata"]["name"], "mode": ", ".join(sorted(modes))})
    spec = template_to.get("spec") or {}
    for container in spec.get("containers") or []:
        for port in container.get("ports") or []:
            number = port.get("hostPort") or (port.get("containerPort") if spec.get("hostNetwork") else None)
            if number:
                text = _("Container %(name)s takes port %(port)d of its node: a second version finds it in use.")
                yield Note("host_port", text % {"name": container.get("name", ""), "port": number})


def _of_weights(deployment: Json, strategy: Strategy) -> Iterator[Note]:
    for step in planned_steps(deployment, strategy):
        if step.kind == "set_weight" and step.reachable_weight is None:
            text = _(
                "Step %(number)d (%(weight)d %%) can't be reached: one replica and no surge leave no room for a Pod of "
                "each version. Allow max_surge of 1, scale up, or steer by a router."
            )
            params = {"number": step.index + 1, "weight": step.weight}
            yield Note("weight_unreachable", text % params, pointer=f"/strategy/steps/{step.index}/set_weight")


def _of_the_autoscaler(strategy: Strategy, around: Surroundings) -> Iterator[Note]:
    if isinstance(strategy, BlueGreen) and (metric := value_metric(around.autoscaler)):
        text = _(
            "The autoscaler divides nothing by the number of Pods (metric %(metric)s has a target of type Value): a "
            "second set of Pods makes it scale up again and again. Use AverageValue, or release by replicas."
        )
        yield Note("autoscaler_value", text % {"metric": metric})


def value_metric(autoscaler: Json | None) -> str:
    """The first metric whose target is a plain Value, "" where there is none."""
    for metric in ((autoscaler or {}).get("spec") or {}).get("metrics") or []:
        kind = str(metric.get("type") or "")
        about = metric.get(kind[:1].lower() + kind[1:]) or {}
        if kind in ("Object", "External") and (about.get("target") or {}).get("type") == "Value":
            return str((about.get("metric") or {}).get("name") or kind)
    return ""


def _of_traffic(spec: ReleaseSpec, deployment: Json, around: Surroundings) -> Iterator[Note]:
    strategy = spec.strategy
    if isinstance(strategy, Canary) and strategy.traffic == "replicas":
        return
    if around.missing and isinstance(strategy, Canary):
        text = _("Cluster %(cluster)s has no %(kinds)s: %(router)s is not installed there.")
        params = {"cluster": spec.cluster, "kinds": ", ".join(around.missing), "router": strategy.traffic}
        needed = [kind for kind in around.missing if kind not in ("GRPCRoute", "DestinationRule")]
        if needed:
            yield Note("no_router", text % params)
            return
    seen = around.seen(deployment)
    found = routing.obstacles(spec, seen) if isinstance(strategy, Canary) else _of_switch(spec, around, deployment)
    for obstacle in found:
        yield Note(obstacle.code, obstacle_words(obstacle), blocks=obstacle.code in ("claimed", "name_taken"))


def _of_switch(spec: ReleaseSpec, around: Surroundings, deployment: Json) -> list[Obstacle]:
    seen = around.seen(deployment)
    service = pin.routed_service(spec, seen)
    if service is None:
        return [Obstacle("no_service", spec.names)]
    name = service["metadata"]["name"]
    ends = Ends(spec.namespace, name, pin.beside(name, "preview"))
    return routing.service_obstacles(spec, seen, ends)
