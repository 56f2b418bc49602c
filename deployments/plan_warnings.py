"""What a person should know before two versions run side by side, with the numbers of this workload."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from deployments.engine import routing
from deployments.engine.json import Json
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import BlueGreen, Canary
from deployments.engine.workload import HASH, desired_of
from deployments.plan_refusals import value_metric
from deployments.plan_router_warnings import warnings_of_router
from deployments.plan_steps import extra_pods, planned_steps
from deployments.surroundings import Surroundings
from deployments.warnings import Note

HOSTNAME = "kubernetes.io/hostname"
# Annotations by which a load balancer is told to send requests to Pods and not to the Service.
IP_TARGETS = (
    "alb.ingress.kubernetes.io/target-type",
    "cloud.google.com/neg",
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type",
)


def warnings_in_place(spec: ReleaseSpec, deployment: Json, around: Surroundings) -> list[Note]:
    """All warnings of a strategy that runs two versions side by side; empty for a rolling release."""
    if not isinstance(spec.strategy, Canary | BlueGreen):
        return []
    extra = extra_pods(deployment, spec.strategy)
    return [
        *_of_weights(spec, deployment),
        *_of_the_guard(spec, around),
        *_of_budgets(deployment, around, spec, extra),
        *_of_placement(deployment, around, spec.template_to, extra),
        *_of_the_autoscaler(spec, around),
        *_of_services(spec, deployment, around),
        *warnings_of_router(spec, around.seen(deployment)),
        *_of_what_is_unknown(around),
    ]


def _of_weights(spec: ReleaseSpec, deployment: Json) -> Iterator[Note]:
    off = [
        step
        for step in planned_steps(deployment, spec.strategy)
        if step.kind == "set_weight" and step.reachable_weight is not None and step.reachable_weight != step.weight
    ]
    for step in off:
        text = _("Step %(number)d asks for %(weight)d %%; %(canary)d new and %(stable)d old Pods are %(reached)d %%.")
        params = {
            "number": step.index + 1,
            "weight": step.weight,
            "canary": step.canary,
            "stable": step.stable,
            "reached": step.reachable_weight,
        }
        yield Note("weight_rounded", text % params)


def _of_the_guard(spec: ReleaseSpec, around: Surroundings) -> Iterator[Note]:
    if around.guarded is None:
        text = _("It is not known whether the guard policy is installed on %(cluster)s: %(words)s")
        yield Note("guard_unknown", text % {"cluster": spec.cluster, "words": around.unknown.get("guard", "")})
    elif not around.guarded:
        text = _(
            "The guard policy is not installed on %(cluster)s: while the release runs, `kubectl rollout resume` or a "
            "changed strategy by another hand can take all old Pods down. The cluster's page installs it."
        )
        yield Note("guard_missing", text % {"cluster": spec.cluster})


def _of_budgets(deployment: Json, around: Surroundings, spec: ReleaseSpec, extra: int) -> Iterator[Note]:
    """A budget counts preview and canary Pods as healthy, so a drain may evict every live one."""
    replicas = desired_of(deployment)
    labels = (spec.template_to.get("metadata") or {}).get("labels") or {}
    for budget in around.budgets:
        rules = budget.get("spec") or {}
        selector = (rules.get("selector") or {}).get("matchLabels") or {}
        if not selector or not selector.items() <= labels.items():
            continue
        healthy = _wanted_healthy(rules, replicas)
        usual, now = max(0, replicas - healthy), max(0, replicas + extra - healthy)
        if now > usual:
            text = _(
                "The disruption budget %(name)s counts the new Pods as healthy too: with %(extra)d more of them a "
                "drain may evict %(count)d of the %(live)d live Pods at once, instead of %(usual)d."
            )
            params = {
                "name": budget["metadata"]["name"],
                "extra": extra,
                "count": min(now, replicas),
                "live": replicas,
                "usual": usual,
            }
            yield Note("disruption_budget", text % params)


def _wanted_healthy(rules: Json, replicas: int) -> int:
    """How many Pods the disruption controller wants healthy: percentages are of the Deployment's replicas, rounded up
    (kubernetes `pkg/controller/disruption`, getExpectedPodCount)."""
    if "maxUnavailable" in rules:
        return replicas - _amount(rules["maxUnavailable"], replicas)
    return _amount(rules.get("minAvailable", 1), replicas)


def _amount(value: object, replicas: int) -> int:
    if isinstance(value, int):
        return value
    percent = Decimal(str(value).rstrip("%") or 0)
    return int(-(-replicas * percent // 100))


def _of_placement(deployment: Json, around: Surroundings, template_to: Json, extra: int) -> Iterator[Note]:
    spec = template_to.get("spec") or {}
    labels = (template_to.get("metadata") or {}).get("labels") or {}
    pods = desired_of(deployment) + extra
    anti = ((spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or []
    for term in anti:
        selector = (term.get("labelSelector") or {}).get("matchLabels") or {}
        if not selector or not selector.items() <= labels.items():
            continue
        domains = _domains(around, term.get("topologyKey", ""))
        if around.nodes and domains < pods:
            text = _(
                "Its Pods refuse to share a %(key)s (anti-affinity): %(pods)d Pods need %(pods)d of them, and there "
                "are %(domains)d. Pods of the new version will wait."
            )
            yield Note("anti_affinity", text % {"key": term["topologyKey"], "pods": pods, "domains": domains})
    for rule in spec.get("topologySpreadConstraints") or []:
        if rule.get("whenUnsatisfiable") == "ScheduleAnyway" or HASH in (rule.get("matchLabelKeys") or []):
            continue
        selector = (rule.get("labelSelector") or {}).get("matchLabels") or {}
        if not selector or not selector.items() <= labels.items():
            continue
        domains, least = _domains(around, rule.get("topologyKey", "")), rule.get("minDomains") or 1
        text = _(
            "Its spread over %(key)s counts Pods of both versions: %(pods)d Pods over %(domains)d domains with at most "
            "%(skew)d between them; those that stay may stand unevenly. matchLabelKeys: [pod-template-hash] avoids it."
        )
        params = {"key": rule.get("topologyKey", ""), "pods": pods, "domains": domains, "skew": rule.get("maxSkew", 1)}
        if around.nodes and (domains > 1 or domains < least):
            yield Note("spread", text % params)


def _domains(around: Surroundings, key: str) -> int:
    return len({labels.get(key, "") for labels in around.nodes if key in labels})


def _of_the_autoscaler(spec: ReleaseSpec, around: Surroundings) -> Iterator[Note]:
    if isinstance(spec.strategy, Canary) and spec.strategy.traffic != "replicas" and value_metric(around.autoscaler):
        text = _(
            "The autoscaler's metric %(metric)s has a target of type Value, which counts the canary's Pods against "
            "itself: the number of replicas may climb while both versions run."
        )
        yield Note("autoscaler_value", text % {"metric": value_metric(around.autoscaler)})


def _of_services(spec: ReleaseSpec, deployment: Json, around: Surroundings) -> Iterator[Note]:
    strategy = spec.strategy
    if isinstance(strategy, Canary) and strategy.traffic == "replicas":
        return
    seen = around.seen(deployment)
    leaking = routing.leaking_services(spec, seen)
    if leaking:
        text = _("These Services pick Pods of both versions and get traffic that is not split: %(names)s.")
        yield Note("unsplit_services", text % {"names": ", ".join(leaking)})
    for service in seen.services:
        name, about = service["metadata"]["name"], service.get("spec") or {}
        annotations = service["metadata"].get("annotations") or {}
        if name in leaking:
            continue
        if about.get("type") == "LoadBalancer" or any(key in annotations for key in IP_TARGETS):
            text = _(
                "A load balancer stands before %(name)s and learns of changed endpoints later than the cluster does: "
                "keep the delays before Pods go above its own, and give Pods time to drain."
            )
            yield Note("load_balancer", text % {"name": name})


def _of_what_is_unknown(around: Surroundings) -> Iterator[Note]:
    for name, words in sorted(around.unknown.items()):
        if name != "guard":
            yield Note("unknown", _("%(what)s could not be read: %(words)s") % {"what": name, "words": words})
