"""The steps of a release by its strategy, and how each stands: the API answers them, the page's track is drawn from
them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.dateparse import parse_datetime

from deployments.engine.json import Json
from deployments.engine.read_strategy import StrategyInvalid, read_strategy
from deployments.engine.strategies import BlueGreen, Canary, SetWeight, Strategy
from deployments.models import Phase, Release, Status
from deployments.shares import is_before_the_first_pod, kind_of

AFTER_THE_STEPS = (Phase.TAKING_OVER, Phase.FINISHING)


@dataclass(frozen=True)
class StepFact:
    """One step. `weight` is the share of the new version during it; `spec` the step as the strategy has it.

    `status`: pending, running, paused, waiting, succeeded, failed, aborted, superseded, skipped; the one step of a
    rolling release stands as the release does. `started_at` and `ends_at` are known of the present step alone.
    """

    index: int
    kind: str
    weight: int
    status: str
    spec: Json = field(default_factory=dict)
    started_at: datetime | None = None
    ends_at: datetime | None = None

    def to_json(self) -> Json:
        return dict(vars(self))


def step_facts(release: Release) -> list[StepFact]:
    """All steps in order: those of the strategy, then of a canary `promote`; a rolling release has one."""
    wanted = _wanted(release)
    if not wanted:
        return [StepFact(0, "rolling", 100, _rolling_status(release))]
    here = _here(release, len(wanted))
    return [_fact(release, index, here, *one) for index, one in enumerate(wanted)]


def step_index(steps: list[StepFact]) -> int:
    """The step that is under way, or at which the release ended; the last one of a release that succeeded."""
    return next((one.index for one in steps if one.status not in ("succeeded", "skipped")), len(steps) - 1)


def own_count(steps: list[StepFact]) -> int:
    """How many steps the strategy itself has: taking over is what comes after them."""
    return sum(step.kind != "promote" for step in steps)


def strategy_of(release: Release) -> Strategy | None:
    """The strategy as the engine reads it; None where a newer version of the portal wrote it."""
    try:
        return read_strategy(release.strategy)
    except StrategyInvalid:
        return None


def _here(release: Release, count: int) -> int:
    if release.phase in AFTER_THE_STEPS or release.status == Status.SUCCEEDED:
        return count - 1
    return min(int(release.state.get("step") or 0), count - 1)


def _wanted(release: Release) -> list[tuple[str, int, Json]]:
    return [] if kind_of(release) == "rolling" else stops_of(strategy_of(release))


def stops_of(strategy: Strategy | None) -> list[tuple[str, int, Json]]:
    """Kind, weight and spec of each step; empty for a rolling release."""
    if isinstance(strategy, Canary):
        return _canary(strategy)
    return _blue_green(strategy) if isinstance(strategy, BlueGreen) else []


def _canary(strategy: Canary) -> list[tuple[str, int, Json]]:
    weight, found = 0, []
    for step in strategy.steps:
        weight = step.weight if isinstance(step, SetWeight) else weight
        found.append((step.kind, weight, step.to_json()))
    return [*found, ("promote", 100, {})]


def _blue_green(strategy: BlueGreen) -> list[tuple[str, int, Json]]:
    before, after = strategy.pre_promotion, strategy.post_promotion
    preview = {} if strategy.preview_replicas is None else {"preview_replicas": strategy.preview_replicas}
    switch = {} if strategy.auto_promote_seconds is None else {"auto_promote_seconds": strategy.auto_promote_seconds}
    return [
        ("preview", 0, preview),
        *([("pre_promotion", 0, before.to_json())] if before else []),
        *([("approval", 0, strategy.approval.to_json())] if strategy.approval else []),
        ("switch", 100, switch),
        *([("post_promotion", 100, after.to_json())] if after else []),
        ("scale_down", 100, {"scale_down_delay_seconds": strategy.scale_down_delay_seconds}),
    ]


def _fact(release: Release, index: int, here: int, kind: str, weight: int, spec: Json) -> StepFact:
    status = _status(release, index, here)
    if index != here or status not in ("running", "paused", "waiting"):
        return StepFact(index, kind, weight, status, spec)
    started = _moment(release.state.get("step_started_at"))
    seconds = (spec.get("pause") or {}).get("seconds") or spec.get("auto_promote_seconds")
    # Held by a person or by trouble, the end of its own time does not end it.
    is_held = bool(release.state.get("held") or release.reason)
    ends = started + timedelta(seconds=seconds) if started and seconds and not is_held else None
    return StepFact(index, kind, weight, status, spec, started, ends)


def _status(release: Release, index: int, here: int) -> str:
    if index in (release.state.get("skipped") or ()):
        return "skipped"
    if release.status == Status.SUCCEEDED or index < here:
        return "succeeded"
    goes_back = release.phase == Phase.ABORTING
    if index > here:
        return "skipped" if release.ended or goes_back else "pending"
    if release.ended or goes_back:
        return _ending(release)
    if is_before_the_first_pod(release):
        return "pending"
    if release.phase == Phase.PAUSED:
        return "paused"
    return "waiting" if release.status == Status.WAITING else "running"


def _ending(release: Release) -> str:
    """How the step ended at which the release did."""
    outcome = str(release.state.get("outcome") or release.status).lower()
    return outcome if outcome in ("failed", "aborted", "superseded") else "failed"


def _rolling_status(release: Release) -> str:
    if release.ended:
        return str(release.status)
    if is_before_the_first_pod(release) or release.phase == Phase.PREPARING:
        return "pending"
    names = {Phase.PAUSED: "paused", Phase.ABORTING: "aborting", Phase.FINISHING: "finishing"}
    return names.get(Phase(release.phase), "running")


def _moment(stored: object) -> datetime | None:
    return parse_datetime(stored) if isinstance(stored, str) else None
