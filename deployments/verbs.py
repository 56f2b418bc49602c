"""Which verbs a release can take in the state it is in."""

from __future__ import annotations

from deployments.models import Phase, Release, Status

# Nothing of the cluster was written, so that all of the wish can still change.
UNTOUCHED = (Phase.QUEUED, Phase.GATED)
GOES_ON = (Phase.PREPARING, Phase.PROGRESSING, Phase.ANALYSING, Phase.AWAITING_APPROVAL)
ROLLS = (Phase.PREPARING, Phase.PROGRESSING)
START = "start"


def allowed_verbs(release: Release) -> list[str]:
    """Names of commands that would not raise WrongPhase now."""
    if release.status == Status.SUCCEEDED:
        return ["rollback"]
    if release.ended:
        return ["retry", "rollback"]
    if release.phase in (Phase.FINISHING, Phase.ABORTING):
        return []
    held = ["override"] if is_held_by_window(release) or is_held_by_promotion(release) else []
    return ["abort", *held, *_while_it_runs(release)]


def _while_it_runs(release: Release) -> list[str]:
    if is_editable(release):
        return ["edit", *(["approve", "reject"] if release.phase == Phase.AWAITING_APPROVAL else [])]
    if release.phase == Phase.PAUSED:
        return _while_paused(release)
    if not is_in_place(release):
        return ["pause"] if release.phase in pausable(release) else []
    if release.phase == Phase.TAKING_OVER:
        return ["pause"]
    voices = ["approve", "reject"] if release.phase == Phase.AWAITING_APPROVAL else []
    return [*voices, "pause", "promote"] if release.phase in GOES_ON else voices


def _while_paused(release: Release) -> list[str]:
    if is_held(release):
        return ["resume", *(["promote"] if is_in_place(release) else []), *(["retry"] if release.reason else [])]
    if release.reason == "AnalysisInconclusive":
        return ["promote", "retry"]
    if release.reason or not is_in_place(release):
        return ["retry"]
    return ["promote", "pause"]


def pausable(release: Release) -> tuple[Phase, ...]:
    """The phases in which a person may hold it; what is given back or finished is owed."""
    return (*GOES_ON, Phase.TAKING_OVER) if is_in_place(release) else ROLLS


def is_editable(release: Release) -> bool:
    """Whether what was asked for can still be changed: queued, or waiting for what has to be open before it begins."""
    if release.ended or release.rollback_to_id is not None:
        return False
    if release.phase == Phase.AWAITING_APPROVAL:
        return (waits_for(release) or "") == START
    return release.phase in UNTOUCHED and release.status in (Status.QUEUED, Status.WAITING)


def waits_for(release: Release) -> str | None:
    """The gate whose voices the release waits for, None where it waits for none."""
    waits = (release.state.get("gates") or {}).get("waits") or {}
    return waits.get("gate")


def is_held_by_window(release: Release) -> bool:
    """Whether a freeze window holds it that nobody has let it pass yet."""
    window = (release.state.get("gates") or {}).get("window") or {}
    passed = release.asks.get("override") or {}
    return bool(window) and (passed.get("window"), passed.get("until")) != (window["name"], window["until"])


def is_held_by_promotion(release: Release) -> bool:
    """Whether a promotion gate holds it that nobody has let it pass yet."""
    held = (release.state.get("gates") or {}).get("promotion") or {}
    return bool(held) and (release.asks.get("override_promotion") or {}).get("promotion") != held["from"]


def is_in_place(release: Release) -> bool:
    """Whether two versions stand side by side, so that there is something to hold, and steps to skip."""
    rolls = bool((release.state.get("place") or {}).get("rolling"))
    return release.strategy.get("type") in ("canary", "blue_green") and not rolls


def is_held(release: Release) -> bool:
    """Whether a person holds it, beside the pauses of its own steps."""
    return release.phase == Phase.PAUSED and bool(release.state.get("held"))
