"""What a release would do, asked of the cluster itself, before anything is promised or changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Observation
from deployments.analysis.trying import template_notes
from deployments.checks import check_target, kept_checks
from deployments.default_strategy import chosen_strategy
from deployments.engine.json import Json
from deployments.engine.read_strategy import StrategyInvalid
from deployments.engine.seen import Check, Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import RollingUpdate, Strategy
from deployments.engine.workload import desired_of, same_template, template_of
from deployments.errors import ReleaseBlocked, ReleaseInvalid
from deployments.given_back import as_given_back
from deployments.models import Release, portal_key
from deployments.observe_traffic import aims_at
from deployments.owners import owners_of
from deployments.plan_gates import plan_gates
from deployments.plan_refusals import refusals_in_place
from deployments.plan_steps import PlannedStep, extra_pods, planned_steps
from deployments.plan_warnings import warnings_in_place
from deployments.promotion.gate import plan_gate
from deployments.revisions import images_of
from deployments.strategy_words import problem_words
from deployments.surroundings import Surroundings, surroundings_of
from deployments.template_change import changed_template
from deployments.template_diff import template_diff
from deployments.warnings import Note, refusals_of, warnings_of
from durable.clock import database_time
from services.live_workload import require_container, require_workload
from services.models import Environment, Target

if TYPE_CHECKING:
    from accounts.models import User
    from services.models import Service as CatalogService


@dataclass(frozen=True)
class Wish:
    """What somebody asks for: images by container, or one image for the service's own container; or, for a rollback, a
    whole template.

    `wait`: a promotion gate that opens by itself does not refuse the release; `override` is why it may pass one.
    """

    image: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    strategy: str | Json | None = None
    supersede: bool = False
    version: str = ""
    template: Json | None = None
    emergency: bool = False
    wait: bool = False
    override: str = ""


@dataclass(frozen=True)
class Plan:
    """The answer. Refusals that block are lifted by time or a person (409), others are wrong in themselves (422).

    `looked_at` is the workload as the cluster has it; None where no more than the Deployment was read.
    """

    target: Target
    wish: Wish
    strategy: Strategy
    deployment: Json
    template_from: Json
    template_to: Json
    images: dict[str, str]
    active: Release | None
    kubernetes_service: str
    gates: list[Json]
    owners: list[dict[str, str]]
    warnings: list[Note]
    refusals: list[Note]
    checks: tuple[Check, ...]
    checked: Json
    override: Json | None = None
    looked_at: Seen | None = None

    @property
    def template_diff(self) -> str:
        """The unified diff of the two templates as masked YAML; empty when nothing changes."""
        return template_diff(self.template_from, self.template_to)

    @property
    def replicas(self) -> int:
        return desired_of(self.deployment)

    @property
    def uid(self) -> str:
        return str(self.deployment["metadata"]["uid"])

    @property
    def steps(self) -> list[PlannedStep]:
        return planned_steps(self.deployment, self.strategy)

    @property
    def extra_pods(self) -> int:
        """How many pods beyond the desired number the release may run at once."""
        return extra_pods(self.deployment, self.strategy)

    def to_json(self) -> Json:
        """The dry-run answer of api.md."""
        return {
            "template_diff": self.template_diff,
            "steps": [step.to_json() for step in self.steps],
            "gates": self.gates,
            "extra_pods": self.extra_pods,
            "owners": self.owners,
            "warnings": [note.to_json() for note in self.warnings],
            "refusals": [note.to_json() for note in self.refusals],
            "dry_run": _summary(self.checks),
        }

    def raise_refusals(self) -> None:
        """Raises ReleaseInvalid for what is wrong in itself, else ReleaseBlocked for what stands in the way."""
        wrong = [note for note in self.refusals if not note.blocks]
        if wrong:
            errors = [{"pointer": note.pointer, "code": note.code, "detail": note.detail} for note in wrong]
            raise ReleaseInvalid(wrong[0].detail, errors=errors, cluster=self.target.cluster.name)
        if self.refusals:
            blocked_by = [{"kind": note.code, "detail": note.detail, **(note.facts or {})} for note in self.refusals]
            next_step = _("Wait for it, abort it, or ask to supersede it.") if self.active else ""
            raise ReleaseBlocked(self.refusals[0].detail, blocked_by=blocked_by, next=next_step)


def target_of(service: CatalogService, environment: Environment) -> Target:
    """The target of a service in an environment. Raises ReleaseInvalid when there is none."""
    found = (
        Target.objects.select_related("service__team", "environment", "cluster")
        .filter(service=service, environment=environment)
        .first()
    )
    if found is None:
        detail = _("%(service)s has no target in %(environment)s.") % {
            "service": service.name,
            "environment": environment.name,
        }
        raise ReleaseInvalid(
            detail,
            errors=[{"pointer": "/environment", "code": "no_target", "detail": detail}],
            next=_("Add a target on the page of the service, or import it from the cluster."),
        )
    return found


def plan_release(target: Target, wish: Wish, by: User, *, instead_of: Release | None = None) -> Plan:
    """Look at the live workload and what stands around it, and say what the release would do.

    Every request has a deadline of 3 s, and what a canary or blue-green is judged by is asked for at once.
    `instead_of` is a release that is edited before it begins: neither it nor the window it waits for stands in the way.
    Raises ReleaseInvalid (image, container, strategy), UnknownWorkload, and ReleaseBlocked when the cluster does not
    answer: what cannot be checked is not promised.
    """
    strategy = _strategy(wish.strategy, target)
    try:
        deployment = require_workload(target)
    except (ClusterUnreachable, ApiRefused) as error:
        raise _unreachable(target, error) from error
    live, deployment = deployment, as_given_back(deployment, portal_key())
    template_from = template_of(deployment)
    if wish.template is not None:
        images, template_to = {}, wish.template
    else:
        images = dict(wish.images) or {require_container(target, deployment): wish.image}
        template_to = changed_template(template_from, images, wish.config)
    others = Release.objects.active().filter(target=target)
    others = others.exclude(pk=instead_of.pk) if instead_of else others
    active = others.order_by("-created_at").first()
    at_zero = not desired_of(deployment) and not isinstance(strategy, RollingUpdate)
    strategy = rolling_instead(strategy) if at_zero else strategy
    around = Surroundings()
    if not isinstance(strategy, RollingUpdate) and not same_template(template_from, template_to):
        around = surroundings_of(target, deployment, template_to, strategy)
    service = target.kubernetes_service or _only_service(around)
    spec = _spec(target, deployment, strategy, template_to, service)
    # A release of what runs, or a rolling one, puts nothing beside anything.
    is_beside = around != Surroundings()
    quotas = around.quotas if is_beside and "ResourceQuota" not in around.unknown else None
    checks, now = check_target(target, spec, live, quotas=quotas), database_time()
    gates, closed, advice = plan_gates(
        target, strategy, by, now, is_rollback=wish.template is not None, emergency=wish.emergency
    )
    gated = replace(wish, wait=wish.wait or instead_of is not None)
    promotion = plan_gate(target, gated, images or images_of(template_to), template_from, by, now)
    unusable, unmeasured = template_notes(strategy, target) if is_beside else ([], [])
    # A superseding release begins once the older one has given the workload back, whatever it looks like now.
    busy = active is not None
    refusals = [
        *([_busy(active)] if active and not (wish.supersede or active.is_giving_back) else []),
        *refusals_of(deployment, template_to, portal_key(), checks, busy=busy),
        *(refusals_in_place(spec, deployment, around) if is_beside else []),
        *unusable,
        *(note for note in closed if not (instead_of and note.code == "freeze_window")),
        *promotion.refusals,
    ]
    return Plan(
        target=target,
        wish=wish,
        strategy=strategy,
        deployment=deployment,
        template_from=template_from,
        template_to=template_to,
        images=images or images_of(template_to),
        active=active,
        kubernetes_service=service,
        gates=[*gates, *promotion.gates],
        owners=owners_of(deployment, _autoscaler(target)),
        warnings=[
            *warnings_of(deployment, template_to, strategy, checks),
            *([_rolling_at_zero()] if at_zero else []),
            *(warnings_in_place(spec, deployment, around) if is_beside else []),
            *unmeasured,
            *advice,
            *promotion.warnings,
        ],
        refusals=refusals,
        checks=checks,
        checked=kept_checks(checks, live, now),
        override=promotion.override,
        looked_at=around.seen(live) if is_beside else None,
    )


def _only_service(around: Surroundings) -> str:
    """The one Service that picks the workload's Pods; "" where there are several, or none."""
    names = [one["metadata"]["name"] for one in around.services]
    return names[0] if len(names) == 1 else ""


def rolling_instead(strategy: Strategy) -> RollingUpdate:
    """What is left of a strategy where there are no pods to share: its bounds."""
    return RollingUpdate(
        max_surge=strategy.max_surge,
        max_unavailable=strategy.max_unavailable,
        progress_deadline_seconds=strategy.progress_deadline_seconds,
        on_failure=strategy.on_failure,
    )


def _rolling_at_zero() -> Note:
    return Note(
        "rolling_instead", _("Without pods there is nothing to share: the template is written as in a rolling release.")
    )


def _strategy(asked: str | Json | None, target: Target) -> Strategy:
    try:
        return chosen_strategy(asked, target)
    except StrategyInvalid as error:
        errors = [{"pointer": one.pointer, "code": one.code, "detail": problem_words(one)} for one in error.problems]
        raise ReleaseInvalid(errors[0]["detail"], errors=errors) from error


def _spec(
    target: Target, deployment: Json, strategy: Strategy, template_to: Json, kubernetes_service: str
) -> ReleaseSpec:
    return ReleaseSpec(
        id="00000000-0000-0000-0000-000000000000",
        portal=portal_key(),
        epoch=1,
        cluster=target.cluster.name,
        namespace=target.namespace,
        workload=target.workload,
        uid=deployment["metadata"]["uid"],
        strategy=strategy,
        template_from=template_of(deployment),
        template_to=template_to,
        template_back=template_of(deployment),
        kubernetes_service=kubernetes_service,
    )


def _unreachable(target: Target, error: ClusterUnreachable | ApiRefused) -> ReleaseBlocked:
    detail = _("Cluster %(cluster)s cannot be asked about %(workload)s: %(words)s") % {
        "cluster": target.cluster.name,
        "workload": target.workload,
        "words": error.detail,
    }
    blocked_by = [{"kind": "cluster", "cluster": target.cluster.name, "detail": error.detail}]
    return ReleaseBlocked(
        detail, blocked_by=blocked_by, next=error.next or _("Look at the cluster's page, then try again.")
    )


def _busy(active: Release) -> Note:
    detail = _("Release #%(number)d of this target is %(status)s.") % {
        "number": active.number,
        "status": active.get_status_display(),
    }
    return Note("release", detail, blocks=True, facts={"id": str(active.pk), "status": active.status})


def _autoscaler(target: Target) -> str:
    rows = Observation.objects.filter(
        cluster=target.cluster, kind="HorizontalPodAutoscaler", namespace=target.namespace
    ).values_list("name", "slim")
    return next((str(name) for name, slim in rows if aims_at(slim, target.workload)), "")


def _summary(checks: tuple[Check, ...]) -> Json:
    order = ("refused", "unknown", "passed")
    status = next((one for one in order if any(check.status == one for check in checks)), "passed")
    return {"status": status, "checks": [{"name": c.name, "status": c.status, "detail": c.detail} for c in checks]}
