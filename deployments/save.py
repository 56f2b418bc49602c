"""Saving what a tick decided: one conditional UPDATE, with the timeline in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from audit.record import audit
from clusters.models import KeepWhole
from deployments import approvals
from deployments.engine.decision import Decision, Said, State
from deployments.lease import FREE, OURS, UNWOKEN, Held, LeaseLost, renewed
from deployments.models import Release, ReleaseEvent, Status
from deployments.revisions import record_revision
from deployments.sentences import english
from deployments.told import tell_state
from durable.clock import database_time
from durable.commit import after_commit
from durable.written_sql import update
from web.live import publish
from web.measures import RELEASES

STATUS = {
    "Queued": Status.QUEUED,
    "Gated": Status.PROGRESSING,
    "Preparing": Status.PROGRESSING,
    "Progressing": Status.PROGRESSING,
    "Paused": Status.PAUSED,
    "AwaitingApproval": Status.WAITING,
    "Analysing": Status.PROGRESSING,
    "TakingOver": Status.PROGRESSING,
    "Finishing": Status.PROGRESSING,
    "Aborting": Status.PROGRESSING,
    "Succeeded": Status.SUCCEEDED,
    "Failed": Status.FAILED,
    "Aborted": Status.ABORTED,
    "Superseded": Status.SUPERSEDED,
}

# What a release waits for that is not a pod: api.md calls it waiting, whatever the phase.
WAITS_FOR = ("ApprovalRequired", "FreezeWindow", "PromotionGate")


def status_of(state: State) -> Status:
    """What CI reads (api.md, status): `waiting` at a gate, `aborted` as soon as traffic is on stable."""
    if state.phase in ("Gated", "Progressing") and state.reason in WAITS_FOR:
        return Status.WAITING
    if state.phase == "Aborting" and state.on_stable:
        return STATUS[state.outcome]
    return STATUS[state.phase]


def save_decision(release: Release, decision: Decision, held: Held, contents: Mapping[str, str] | None = None) -> bool:
    """Store a decision if the row is still as it was read and the lease still ours. One that writes renews the lease.

    `contents` go into the Revision of a release that has succeeded (see `named_objects.contents_of`).
    False when a person's command (or another release that took the target) came between: read again and decide anew.
    """
    state = decision.state
    unchanged, as_read = f"{OURS} AND version = %(version)s", {**held.values(), "version": release.version}
    # A write to the cluster follows at once.
    held_on = renewed() if decision.writes else None
    asks = decision.measures or decision.approvals or decision.consumed
    if not decision.said and not asks and state.to_json() == release.state:
        # Most looks find nothing new; the row with its large columns is not written for them, nor a version used up.
        return update(Release, {"wake_at": decision.wake_at}, unchanged, as_read, written=held_on) == 1
    changes: dict[str, Any] = {**_columns(state), "version": release.version + 1, "wake_at": decision.wake_at}
    if decision.consumed:
        changes["asks"] = {name: ask for name, ask in release.asks.items() if name not in decision.consumed}
    try:
        with transaction.atomic():
            changes["event_seq"] = release.event_seq + len(decision.said)
            if not update(Release, changes, unchanged, as_read, written=held_on):
                return False
            if decision.said:
                add_events(release.pk, release.event_seq, decision.said)
            if decision.approvals:
                approvals.ask(release, decision.approvals, database_time())
            tell_state(release, release.phase, state)
            if state.is_terminal:
                _end(release, state, contents or {})
            _ask_for_measurements(release, decision)
            _announce(release, decision)
    except IntegrityError:
        # Another release of this target got hold of it first; look again when it has ended.
        return False
    return True


def save_outcome(
    release_id: uuid.UUID, held: Held, state: State, *, wake_at: datetime | None, seen_wake_seq: int | None = None
) -> bool:
    """Store what came of a write. Raises LeaseLost when another tick has taken over: it looks live and finds out.

    With `seen_wake_seq` the lease is given back as well, as by `lease.give_back`; answers whether it was.
    Commands never write `state`, so this needs the lease only; an ask that arrived meanwhile stays as it is.
    """
    changes: dict[str, Any] = {"state": state.to_json()}
    if wake_at is not None:
        changes["wake_at"] = wake_at
    written = {"version": "version + 1"}
    if seen_wake_seq is not None:
        values = {**held.values(), "wake_seq": seen_wake_seq}
        if update(Release, {**changes, **FREE}, UNWOKEN, values, written=written):
            return True
    if not update(Release, changes, OURS, held.values(), written=written):
        raise LeaseLost
    return False


def add_events(release_id: uuid.UUID, after: int, said: tuple[Said, ...], *, actor: str = "slipway") -> None:
    """Append lines to the timeline, numbered from `after` + 1; the caller holds the row and raised `event_seq`."""
    at = database_time()
    ReleaseEvent.objects.bulk_create(
        ReleaseEvent(
            release_id=release_id,
            seq=number,
            at=at,
            kind=line.kind,
            actor=actor,
            message=english(line.sentence.code, line.sentence.params),
            data={**line.data, "sentence": line.sentence.to_json()},
        )
        for number, line in enumerate(said, start=after + 1)
    )


def _columns(state: State) -> dict[str, Any]:
    message = english(state.message.code, state.message.params) if state.message else ""
    return {
        "state": state.to_json(),
        "phase": state.phase,
        "status": status_of(state),
        "reason": state.reason,
        "message": message,
        "holding": state.holding,
        "ended": state.is_terminal,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
    }


def _end(release: Release, state: State, contents: Mapping[str, str]) -> None:
    """What goes with the last state: the Revision, the audit row, no more whole objects, and the next in line woken."""
    from deployments.wake import wake

    if state.started_at and state.finished_at:
        seconds = (state.finished_at - state.started_at).total_seconds()
        after_commit(RELEASES.labels(STATUS[state.phase]).observe, seconds)
    if state.phase == "Succeeded":
        Release.objects.filter(pk=release.pk).update(to_revision=record_revision(release, contents))
    Release.objects.filter(pk=release.pk).update(lease_owner="", lease_until=None, wake_at=None)
    approvals.close_open(release, database_time())
    KeepWhole.objects.filter(release_id=release.pk).delete()
    verb = {"Succeeded": "succeed", "Failed": "fail", "Aborted": "abort", "Superseded": "supersede"}[state.phase]
    audit(
        None,
        f"release.{verb}",
        release,
        before={"status": release.status},
        after={"status": STATUS[state.phase], "reason": state.reason},
        team=release.team.name,
    )
    for waiting in Release.objects.filter(target_id=release.target_id, ended=False).exclude(pk=release.pk):
        after_commit(wake, waiting.pk)


def _ask_for_measurements(release: Release, decision: Decision) -> None:
    """Have them taken once this is committed. A message that gets lost is sent again by the engine."""
    from deployments.tasks import measure

    for one in decision.measures:
        after_commit(measure.delay, str(release.pk), one.run, one.template, one.number)


def _announce(release: Release, decision: Decision) -> None:
    """Tell the open pages."""
    shown_there = (f"service:{release.target.service.name}", "releases", "home") if decision.said else ()
    publish(f"release:{release.pk}", *shown_there)
