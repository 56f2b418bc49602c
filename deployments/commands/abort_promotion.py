"""Stop a bulk promotion."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require, require_reach
from audit.record import audit
from deployments.errors import WrongPhase
from deployments.models import Promotion, PromotionItem
from durable.clock import DbNow
from web.live import publish


def abort_promotion(promotion: Promotion, *, by: User, reason: str = "") -> Promotion:
    """Have nothing more begin. Releases that are under way go on, each is aborted by itself. Idempotent.

    Raises NotPermitted unless the person asked for it, or may abort for the team of every service that has not begun
    (of every one where all have); WrongPhase when it has ended.
    """
    items = list(promotion.items.select_related("service__team"))
    pending = [item for item in items if item.state == PromotionItem.State.PENDING]
    for number, item in enumerate(pending or items):
        # Who asked needs a right still, and not in each team; a narrowed token reaches all that it stops.
        ask = require_reach if number and promotion.created_by_id == by.pk else require
        ask(by, "promotion.abort", item.service.team, promotion.to.name, service=item.service.name)
    with transaction.atomic():
        current = Promotion.objects.select_for_update(of=("self",)).get(pk=promotion.pk)
        if current.has_ended:
            words = _("This promotion has ended (%(state)s): nothing of it is left to begin.")
            raise WrongPhase(words % {"state": current.get_state_display()}, allowed=[])
        if not current.abort_asked:
            Promotion.objects.filter(pk=promotion.pk).update(abort_asked=True, due_at=DbNow())
            audit(by, "promotion.abort", current, reason=reason)
            publish(f"promotion:{promotion.pk}")
    return Promotion.objects.get(pk=promotion.pk)
