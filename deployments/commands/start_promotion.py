"""Promote several services at once, those that others depend on first."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import may, require
from audit.record import audit
from deployments.errors import ReleaseBlocked
from deployments.models import Promotion, PromotionItem
from deployments.models.promotion import MOST_PARALLEL
from deployments.promotion.choosing import BulkPlan, bulk_plan
from deployments.promotion.gate import require_pass
from durable.clock import database_time
from durable.commit import after_commit
from durable.idempotency import note_made
from services.models import Environment, Service
from web import request_id
from web.errors import Invalid
from web.live import publish


def start_promotion(
    by: User,
    *,
    services: Sequence[Service],
    origin: Environment,
    to: Environment,
    system: str = "",
    reason: str = "",
    wait: bool = False,
    override: str = "",
    max_parallel: int = 5,
) -> Promotion:
    """Bring what runs in `origin` to `to`, for each of the services that is ahead. Its waves begin once this is stored.

    What is level or refused is kept with the promotion and says why. Raises NotPermitted for who may promote none of
    them, or not override; Invalid; and ReleaseBlocked where all that is ahead is refused.
    """
    plan = plan_promotion(by, services=services, origin=origin, to=to, wait=wait, override=override)
    if not 1 <= max_parallel <= MOST_PARALLEL:
        words = _("From 1 to %(most)d releases run at a time.") % {"most": MOST_PARALLEL}
        raise Invalid.at("/max_parallel", "number", words)
    if plan.refused and not plan.released:
        first = plan.refused[0]
        raise ReleaseBlocked(
            _("Nothing can be promoted to %(environment)s: %(service)s: %(why)s")
            % {"environment": to.name, "service": first.service.name, "why": first.why},
            blocked_by=[
                {"kind": one.gate or "refused", "service": one.service.name, "detail": one.why} for one in plan.refused
            ],
        )
    if override:
        for one in plan.released:
            if one.target and one.gate == "promotion":
                require_pass(by, one.target, database_time())
    with transaction.atomic():
        promotion = Promotion.objects.create(
            origin=origin,
            to=to,
            system=system,
            note=reason,
            wish={"wait": wait, "override": override},
            max_parallel=max_parallel,
            state=Promotion.State.QUEUED if plan.released else Promotion.State.SUCCEEDED,
            created_by=by,
            request_id=request_id.current(),
            **({} if plan.released else {"due_at": None, "ended_at": database_time()}),
        )
        PromotionItem.objects.bulk_create(_items(promotion, plan))
        note_made(promotion.pk)
        audit(by, "promotion.start", promotion, after=_facts(promotion, plan), reason=reason, override=override)
        after_commit(_hint, promotion)
        publish("promotions")
    return promotion


def plan_promotion(
    by: User,
    *,
    services: Sequence[Service],
    origin: Environment,
    to: Environment,
    wait: bool = False,
    override: str = "",
) -> BulkPlan:
    """The plan that a person may see before starting; asks for the same rights. Raises as `start_promotion` does."""
    if not services:
        raise Invalid.at("/services", "required", _("Name the services to promote, or a system that has some."))
    if not any(may(by, "promotion.start", one.team, to.name, service=one.name) for one in services):
        require(by, "promotion.start", services[0].team, to.name, service=services[0].name)
    return bulk_plan(by, services, origin, to, wait=wait, override=override)


def _items(promotion: Promotion, plan: BulkPlan) -> list[PromotionItem]:
    states = {
        "release": PromotionItem.State.PENDING,
        "level": PromotionItem.State.LEVEL,
        "refused": PromotionItem.State.SKIPPED,
    }
    numbers = {one.service.pk: number for number, wave in enumerate(plan.waves, start=1) for one in wave}
    return [
        PromotionItem(
            promotion=promotion,
            service=one.service,
            wave=numbers.get(one.service.pk, 0),
            state=states[one.state],
            image=one.image,
            version=one.version,
            why=one.why,
        )
        for one in plan.candidates
    ]


def _facts(promotion: Promotion, plan: BulkPlan) -> dict[str, object]:
    return {
        "from": promotion.origin.name,
        "to": promotion.to.name,
        "system": promotion.system,
        "services": [one.service.name for one in plan.released],
        "skipped": [one.service.name for one in plan.refused],
        "max_parallel": promotion.max_parallel,
    }


def _hint(promotion: Promotion) -> None:
    from deployments.tasks import advance_promotion

    if not promotion.has_ended:
        advance_promotion.delay(str(promotion.pk))
