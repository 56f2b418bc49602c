"""Whether images have proved themselves in an environment, by the rule of the next one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from deployments.engine.json import Json
from deployments.engine.seen import Unproven
from deployments.promotion.images import all_among, is_same_by_digest
from deployments.promotion.ran import Attempt, Ran, Run
from services.images import version_of


def unproven(rule: Json, wanted: Sequence[str], ran: Ran | None, now: datetime, names: Json) -> Unproven | None:
    """What keeps the `wanted` images from the environment whose gate is `rule`; None: nothing does.

    `ran` is the history of the service in environment `rule["from"]`, None where it has no target there. `names` are
    `service` and `environment`, for the sentence. A run counts from the moment its release had succeeded; one that was
    replaced by a newer version has soaked until then.
    """
    if not wanted:
        return None
    same, needs_success = bool(rule.get("require_same_image", True)), bool(rule.get("require_success", True))
    gate = _Gate(rule["from"], {**names, "origin": rule["from"], "version": version_of(wanted[0])})
    if ran is None:
        return gate.closed("no_target")
    tried = [one for one in ran.attempts if not same or all_among(wanted, one.images.values())]
    run = _run_of(wanted, ran, needs_same=same, needs_success=needs_success)
    if run is None:
        return _never_ran(gate, tried)
    if not same:
        gate.params["version"] = run.label or version_of(next(iter(run.images.values()), ""))
    if needs_success and not run.was_released:
        return gate.closed("not_released")
    since, failed = _since(run, tried)
    if failed:
        return gate.closed("failed", number=failed.number, reason=failed.reason)
    if run.was_rolled_back:
        return gate.closed("rolled_back")
    leaving = next((one for one in ran.attempts if one.at is None and one.is_rollback and run.until is None), None)
    if leaving and not all_among(wanted, leaving.images.values()):
        return gate.closed("rolling_back", number=leaving.number)
    return _soaking(gate, timedelta(seconds=int(rule.get("soak_seconds") or 0)), since, run.until, now)


@dataclass(frozen=True)
class _Gate:
    """What a sentence about the gate names."""

    origin: str
    params: Json

    def closed(self, code: str, **more: Any) -> Unproven:
        return Unproven(self.origin, f"promotion_{code}", {**self.params, **more})


def _never_ran(gate: _Gate, tried: Sequence[Attempt]) -> Unproven:
    if under_way := next((one for one in tried if one.at is None), None):
        return gate.closed("under_way", number=under_way.number)
    if tried and not tried[0].has_succeeded:
        return gate.closed("failed", number=tried[0].number, reason=tried[0].reason)
    return gate.closed("not_run")


def _soaking(
    gate: _Gate, soak: timedelta, since: datetime | None, until: datetime | None, now: datetime
) -> Unproven | None:
    """Whether it has run long enough since then; `until` is when it was replaced."""
    if not soak:
        return None
    if since is None:
        return gate.closed("unknown_since")
    if until is not None and until < since + soak:
        ran_for = max(int((until - since).total_seconds()), 0)
        return gate.closed("too_short", ran=ran_for, soak=int(soak.total_seconds()))
    if now < since + soak:
        return replace(gate.closed("soaking", until=(since + soak).isoformat()), until=since + soak)
    return None


def _since(run: Run, tried: Sequence[Attempt]) -> tuple[datetime | None, Attempt | None]:
    """Since when it has run without a setback, and the setback that nothing has made good yet.

    A release of the same images that failed later speaks against them; one that succeeded after that begins anew.
    """
    since, failed = run.since, None
    for one in reversed(tried):
        if one.at is None or run.since is None or one.at <= run.since:
            continue
        if not one.has_succeeded:
            failed = one
        elif failed:
            since, failed = one.at, None
    return since, failed


def proven_by_name_only(rule: Json, wanted: Sequence[str], ran: Ran | None) -> list[str]:
    """The images that were told to be the same by repository and tag, which may have come to mean another one."""
    if ran is None or not rule.get("require_same_image", True):
        return []
    found = _run_of(wanted, ran, needs_same=True, needs_success=rule.get("require_success", True))
    there = list(found.images.values()) if found else []
    return [image for image in wanted if found and not any(is_same_by_digest(image, one) for one in there)]


def _run_of(wanted: Sequence[str], ran: Ran, *, needs_same: bool, needs_success: bool) -> Run | None:
    """The newest run that the images may stand on."""
    runs = list(ran.runs)
    if not needs_success and ran.seen and not (runs and all_among(ran.seen.values(), runs[0].images.values())):
        # It was seen to run there, whoever brought it and whenever.
        runs.insert(0, Run(0, ran.seen, was_released=False))
    return next((one for one in runs if not needs_same or all_among(wanted, one.images.values())), None)
