"""One pass over one release: lease, observe, decide, save, apply. Read top to bottom.

1. Take the lease; without it there is nothing to do.
2. Observe the workload, ask the engine, save what it decided (compare-and-swap), and only then do it.
3. Save what came of it. A crash in between leaves the write unconfirmed, so that the next tick looks live.
4. Give the lease back, unless somebody woke the release meanwhile: then look again.
A tick may run twice, late or never; nothing here relies on another tick having run.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from deployments import lease
from deployments.analysis.stored import measurements_of
from deployments.approvals import voices_of
from deployments.checks import run_checks
from deployments.effects import perform
from deployments.engine.decide import decide
from deployments.engine.decision import State, Write
from deployments.engine.gates import awaits_start
from deployments.engine.outcome import Outcome, after_write
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.freeze import window_of
from deployments.lease import Held, LeaseLost
from deployments.models import Release
from deployments.named_objects import contents_of
from deployments.observe import observe
from deployments.promotion.gate import unproven_of
from deployments.restore import above_claim
from deployments.save import save_decision, save_outcome
from deployments.spec import spec_of, state_of
from durable.prepared import PreparedGet
from web import request_id
from web.measures import WRITES

MOST_ROUNDS = 40
# After a write that was not done, or that only a look tells more of, as of a route.
LOOK_SOON = timedelta(seconds=1)
# After one that was done while the watcher is of no help; and else, for when it does not tell.
LOOK_UNTOLD, LOOK_TOLD = timedelta(seconds=4), timedelta(seconds=10)
# What the watcher wakes a release for.
TOLD = ("Deployment", "ReplicaSet", "Service")
LOOK_AFTER_ERROR_SECONDS = 10.0

# A decision that was saved since has renewed the lease for long enough to do its write.
SAVED_A_MOMENT_AGO = timedelta(seconds=(lease.LEASE_SECONDS - lease.REQUEST_SECONDS) / 2)

Clock = Callable[[], datetime]
log = structlog.get_logger(__name__)


def tick(release_id: uuid.UUID) -> None:
    """Bring one release as far as it gets without waiting, then say when to look again."""
    held = lease.take(release_id)
    if held is not None:
        tick_held(held)


def tick_held(held: Held) -> None:
    """The same for a release whose lease is in hand. Raises what went wrong, after which it is looked at again soon."""
    outside = request_id.current()
    with structlog.contextvars.bound_contextvars(release=str(held.release_id)):
        try:
            _go_on(held)
        except LeaseLost:
            log.info("tick.lease_lost")
        except BaseException:
            lease.drop(held, look_again_in=LOOK_AFTER_ERROR_SECONDS, in_new_epoch=True)
            raise
        finally:
            request_id.carry(outside)


def _go_on(held: Held) -> None:
    # What the round before saw, and the wake-ups it knew of: it still holds when that round touched nothing.
    kept: tuple[Seen, int] | None = None
    release: Release | None = None
    for _ in range(MOST_ROUNDS):
        release, clock = _read(held.release_id, release)
        request_id.carry(release.request_id)
        if release.epoch != held.epoch or release.lease_owner != held.owner:
            raise LeaseLost
        state, now = state_of(release), clock()
        spec = spec_of(release)
        seen = kept[0] if kept and kept[1] == release.wake_seq else _look(release, spec, state, now, held)
        kept = None
        if state.restored == "look" and seen.deployment is not None:
            held = above_claim(held, release, spec, seen)
            continue
        decision = decide(spec, state, seen, now)
        contents, decided_at = _contents(release, decision.state, held), clock()
        if not save_decision(release, decision, held, contents):
            continue
        again = decision.again
        for write in decision.writes:
            if clock() - decided_at > SAVED_A_MOMENT_AGO:
                lease.renew(held)
            held, is_let_go = _apply(release, decision.state, write, held, clock, is_watched=not seen.live)
            if is_let_go:
                return
            again = True
        if decision.state.is_terminal:
            return
        if again and not decision.writes and state.phase != "Queued":
            kept = seen, release.wake_seq
        if not again and lease.give_back(held, seen_wake_seq=release.wake_seq):
            return
    lease.drop(held, look_again_in=0)


_with_what_it_belongs_to = PreparedGet(Release.objects.for_a_tick)
_row_alone = PreparedGet(Release.objects.all)


def _read(release_id: uuid.UUID, before: Release | None) -> tuple[Release, Clock]:
    """The row as it is now. What it belongs to is read once a tick, and costs more than the row."""
    if before is None:
        release, now = _with_what_it_belongs_to.with_time(release_id)
        return release, _clock_from(now)
    release, now = _row_alone.with_time(release_id)
    release.target = before.target
    if release.from_revision_id == before.from_revision_id:
        release.from_revision = before.from_revision
    return release, _clock_from(now)


def _clock_from(now: datetime) -> Clock:
    """The database's clock from here on, without asking it again."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def _contents(release: Release, state: State, held: Held) -> dict[str, str]:
    """What the ConfigMaps hold that the new Revision names, looked up before the transaction that makes it."""
    if state.phase != "Succeeded":
        return {}
    lease.renew(held)
    return contents_of(release.target, release.template_to)


def _look(release: Release, spec: ReleaseSpec, state: State, now: datetime, held: Held) -> Seen:
    """Observe what the phase needs: a queued release only its predecessor, a gated one the checks as well."""
    if state.phase == "Queued":
        older = Release.objects.filter(target_id=release.target_id, holding=True).exclude(pk=release.pk)
        return Seen(predecessor_ended=not older.exists())
    seen = observe(release, state, now, lambda: lease.renew(held))
    if state.runs:
        seen = replace(seen, measurements=measurements_of(release, state))
    seen = replace(seen, voices=voices_of(release, now), window=window_of(release, now))
    if state.phase == "Gated" or awaits_start(state):
        seen = replace(seen, unproven=unproven_of(release, now))
    if state.phase == "Gated" and seen.deployment is not None and not state.unconfirmed:
        checks = run_checks(release, spec, seen.deployment, now, lambda: lease.renew(held))
        seen = replace(seen, checks=checks)
    return seen


def _apply(
    release: Release, state: State, write: Write, held: Held, clock: Clock, *, is_watched: bool
) -> tuple[Held, bool]:
    """Do one write, and save what came of it. Answers also whether the release was let go: one that was refused, or
    woken meanwhile, is looked at again.

    After an answer that never came a new epoch begins.
    """
    outcome = perform(release, write)
    log.info("release.write", why=write.why, outcome=outcome.kind, words=outcome.words or None)
    WRITES.labels(write.why, outcome.kind).inc()
    if outcome.kind == "ambiguous":
        held = lease.raise_epoch(held)
    now = clock()
    soon = _look_after(write, outcome, is_watched=is_watched)
    wake_at = now + soon if soon else None
    unless_woken = None if outcome.kind == "refused" else release.wake_seq
    after = after_write(state, write, outcome, now)
    is_let_go = save_outcome(release.pk, held, after, wake_at=wake_at, seen_wake_seq=unless_woken)
    return held, is_let_go


def _look_after(write: Write, outcome: Outcome, *, is_watched: bool) -> timedelta | None:
    """When to look at the latest after a write. None: at once."""
    if outcome.kind == "refused":
        return None
    if outcome.kind != "done" or write.kind not in TOLD:
        return LOOK_SOON
    return LOOK_TOLD if is_watched else LOOK_UNTOLD
