"""One pass over one bulk promotion: take it, see how its releases stand, start what comes next, write that down.

1. Each service's release is the one that names the promotion: a pass that died before it noted what it made finds it.
2. Something failed, or a person asked to stop: what has not begun never will; what is under way goes on to its end.
3. Else the lowest wave that is not done: as many of it as may run at a time are started. One whose cluster does not
   answer is put off, and has failed once it was tried for long enough; the others of its wave go on meanwhile.
Level-triggered: nothing here relies on another pass having run, and a pass may run twice.
"""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db.models import Q
from django.utils.translation import gettext as _

from deployments.commands.promote_service import promote_service
from deployments.models import Promotion, PromotionItem, Release, Status
from deployments.promotion.retrying import put_off, silence_of
from durable.clock import database_time
from durable.row_lease import Held, LeaseLost, RowLease, give_back, renew, save
from web import request_id
from web.errors import SlipwayError
from web.live import publish

# The plan of one release asks its cluster several times, each within three seconds.
LEASE_SECONDS = 20.0
MOST_AT_ONCE = 2
LOOK_AGAIN_SECONDS = 1.0
LOOK_AFTER_ERROR_SECONDS = 10.0

UNREAD = ("template_from", "template_to")

State = PromotionItem.State
log = structlog.get_logger(__name__)
LEASE = RowLease(Promotion, seconds=LEASE_SECONDS, running=Promotion.State.RUNNING, most_at_once=MOST_AT_ONCE)


def due() -> list[UUID]:
    """The promotions that somebody should look at now, the oldest first."""
    return LEASE.due()


def advance(promotion_id: UUID | str) -> None:
    """Bring one promotion on, as far as it goes without waiting."""
    LEASE.in_turn(promotion_id, _pass)


def _pass(held: Held) -> None:
    promotion = Promotion.objects.select_related("origin", "to", "created_by").get(pk=held.pk)
    request_id.carry(promotion.request_id)
    try:
        items = list(promotion.items.select_related("service__team").order_by("wave", "service__name"))
        releases = {one.target.service_id: one for one in promotion.releases.select_related("target").defer(*UNREAD)}
        for item in items:
            _look(promotion, item, releases.get(item.service_id))
        if promotion.abort_asked or any(item.state == State.FAILED for item in items):
            _stop(promotion, items)
        else:
            _start_next(held, promotion, items)
        if not any(item.state in PromotionItem.OPEN for item in items):
            _end(held, promotion, items)
            return
    except LeaseLost:
        log.warning("promotion.lease_lost", promotion=str(promotion.pk))
        return
    except BaseException:
        give_back(held, look_again_in=LOOK_AFTER_ERROR_SECONDS)
        raise
    give_back(held, look_again_in=LOOK_AGAIN_SECONDS)


def _look(promotion: Promotion, item: PromotionItem, release: Release | None) -> None:
    """How the release of the service stands, if there is one."""
    if item.state not in PromotionItem.OPEN or release is None:
        return
    if not release.ended:
        _note(promotion, item, State.STARTED)
    elif release.status == Status.SUCCEEDED:
        _note(promotion, item, State.SUCCEEDED)
    else:
        _note(promotion, item, State.FAILED, release.sentence or release.get_status_display())


def _stop(promotion: Promotion, items: list[PromotionItem]) -> None:
    """What has not begun never will."""
    has_failed = any(item.state == State.FAILED for item in items)
    # Without its name: who sees this service need not see that one.
    why = _("Another service did not succeed.") if has_failed else _("The promotion was stopped.")
    for item in items:
        if item.state == State.PENDING:
            _note(promotion, item, State.STOPPED, why)


def _start_next(held: Held, promotion: Promotion, items: list[PromotionItem]) -> None:
    still_open = [item for item in items if item.state in PromotionItem.OPEN]
    wave = min((item.wave for item in still_open), default=0)
    room = promotion.max_parallel - sum(item.state == State.STARTED for item in still_open)
    now = database_time()
    for item in still_open:
        if room <= 0 or item.wave != wave:
            return
        if item.state == State.PENDING and not (item.try_at and item.try_at > now):
            if not renew(held):
                raise LeaseLost
            # A person may have asked to stop while the one before was being started: the next pass answers that.
            if Promotion.objects.filter(pk=promotion.pk, abort_asked=True).exists():
                return
            _start(held, promotion, item)
            if item.state == State.FAILED:
                return
            room -= item.state == State.STARTED


def _start(held: Held, promotion: Promotion, item: PromotionItem) -> None:
    """Start the release of one service with the rights that the person has now. Refused, it has failed; where a cluster
    does not answer, it stays pending for another attempt.

    Raises LeaseLost where a pass that is too late is refused: the one after it may have begun this very release.
    """
    by = promotion.created_by
    if by is None:
        _note(promotion, item, State.FAILED, _("The account that asked for it is gone."))
        return
    try:
        promote_service(
            by,
            service=item.service,
            origin=promotion.origin,
            to=promotion.to,
            reason=promotion.note,
            expected=item.image,
            promotion=promotion,
            wait=bool(promotion.wish.get("wait")),
            override=str(promotion.wish.get("override") or ""),
        )
    except SlipwayError as error:
        if not renew(held):
            raise LeaseLost from error
        if not (silence := silence_of(error)):
            _note(promotion, item, State.FAILED, str(error.detail))
        elif put_off(item, silence, database_time()):
            _note_attempt(promotion, item)
        else:
            _note(promotion, item, State.FAILED, item.why)
        return
    _note(promotion, item, State.STARTED)


def _note(promotion: Promotion, item: PromotionItem, state: State, why: str = "") -> None:
    if item.state == state:
        return
    item.state, item.why = state, why
    # A late pass never takes back what another has seen to its end.
    changed = PromotionItem.objects.filter(Q(state__in=PromotionItem.OPEN), pk=item.pk).update(
        state=state, why=why, attempts=item.attempts, try_at=None
    )
    if changed:
        publish(f"promotion:{promotion.pk}")


def _note_attempt(promotion: Promotion, item: PromotionItem) -> None:
    kept = {name: getattr(item, name) for name in ("why", "attempts", "unreachable_since", "try_at")}
    if PromotionItem.objects.filter(pk=item.pk, state=State.PENDING).update(**kept):
        log.warning("promotion.put_off", promotion=str(promotion.pk), service=item.service.name, attempts=item.attempts)
        publish(f"promotion:{promotion.pk}")


def _end(held: Held, promotion: Promotion, items: list[PromotionItem]) -> None:
    failed = [item.service.name for item in items if item.state == State.FAILED]
    stopped = [item for item in items if item.state == State.STOPPED]
    state = Promotion.State.SUCCEEDED
    if failed:
        state = Promotion.State.FAILED
    elif stopped:
        state = Promotion.State.ABORTED
    problem = _("%(names)s did not succeed.") % {"names": ", ".join(failed)} if failed else ""
    save(held, state=state, problem=problem, ended_at=database_time(), due_at=None)
    publish(f"promotion:{promotion.pk}", "promotions")
