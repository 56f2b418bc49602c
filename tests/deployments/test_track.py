"""The steps that a release's page draws, by its phase and its timeline."""

from __future__ import annotations

import pytest
from django.utils import timezone

from deployments.engine.decision import Counts, Said, Sentence
from deployments.models import ReleaseEvent
from deployments.track import track
from services.models import Target
from tests.factories.deployments import new_canary, new_release, pulled_badly

CHECKED = Said("checks.pass", Sentence("checks_passed", {}))
WRITTEN = Said("step.started", Sentence("retried", {"by": "x"}))
ROLLED = Said("step.finished", Sentence("retried", {"by": "x"}))
DONE = Said("release.succeed", Sentence("retried", {"by": "x"}))
FAILED = Said("step.failed", Sentence("retried", {"by": "x"}))
BACK = Said("restore", Sentence("retried", {"by": "x"}))


@pytest.mark.parametrize(
    ("phase", "said", "outcome", "states"),
    [
        ("Queued", [], "", ["next", "next", "next", "next"]),
        ("Gated", [], "", ["now", "next", "next", "next"]),
        ("Preparing", [CHECKED], "", ["done", "now", "next", "next"]),
        ("Progressing", [CHECKED, WRITTEN], "", ["done", "done", "now", "next"]),
        ("Paused", [CHECKED, WRITTEN], "", ["done", "done", "waiting", "next"]),
        ("Finishing", [CHECKED, WRITTEN, ROLLED], "", ["done", "done", "done", "now"]),
        ("Succeeded", [CHECKED, WRITTEN, ROLLED, DONE], "", ["done", "done", "done", "done"]),
        ("Succeeded", [DONE], "", ["done", "done", "done", "done"]),
        ("Failed", [], "", ["failed", "skipped", "skipped", "skipped"]),
        ("Aborting", [CHECKED, WRITTEN, FAILED], "Failed", ["done", "done", "failed", "now"]),
        ("Failed", [CHECKED, WRITTEN, FAILED, BACK], "Failed", ["done", "done", "failed", "done"]),
        ("Aborted", [], "Aborted", ["failed", "skipped"]),
    ],
)
def test_where_it_is(target: Target, phase: str, said: list[Said], outcome: str, states: list[str]) -> None:
    release = new_release(target, phase=phase, said=said, state={"outcome": outcome})

    steps = track(release, list(ReleaseEvent.objects.filter(release=release)), timezone.now())

    assert [step.state for step in steps] == states


def test_rolling_out_says_how_far_it_is(target: Target) -> None:
    release = new_release(target, said=[CHECKED, WRITTEN], counts=Counts(5, 3, 2, 4, 4))

    step = track(release, list(ReleaseEvent.objects.filter(release=release)), timezone.now())[2]

    assert step.detail.startswith("2 of 5 ready")


def test_going_back_names_the_version_that_comes_back(target: Target) -> None:
    release = new_release(target, phase="Aborting", said=[CHECKED, WRITTEN, FAILED], state=pulled_badly())

    steps = track(release, list(ReleaseEvent.objects.filter(release=release)), timezone.now())

    assert steps[-1].title == "Back to 1.7.3"


def test_one_that_takes_over_waits_its_turn_first(target: Target) -> None:
    older = new_release(target)
    release = new_release(target, phase="Queued", supersedes=older, holding=False)

    steps = track(release, list(ReleaseEvent.objects.filter(release=release)), timezone.now())

    assert (steps[0].title, steps[0].state) == ("Its turn", "now")


def test_a_canary_has_a_stop_for_each_step_with_what_was_measured_there(target: Target) -> None:
    release = new_canary(target, step=3, phase="AwaitingApproval", weight=10, said=[CHECKED])
    events = list(ReleaseEvent.objects.filter(release=release))

    stops = track(release, events, timezone.now(), {"step-2": "3 of 3 passed", "step-3": "1 of 2 voices"})

    assert [stop.title for stop in stops] == [
        *("Checks", "10 %", "pause 60 s", "analysis", "approval", "50 %", "pause", "take over")
    ]
    assert [stop.state for stop in stops] == [*["done"] * 4, "waiting", *["next"] * 3]
    assert [stop.detail for stop in stops[3:5]] == ["3 of 3 passed", "1 of 2 voices"]


def test_a_timed_pause_counts_down(target: Target) -> None:
    release = new_canary(target, step=1, phase="Paused", weight=10, said=[CHECKED])

    stop = track(release, list(ReleaseEvent.objects.filter(release=release)), timezone.now())[2]

    assert stop.until is not None
    assert stop.until > timezone.now()


def test_what_promote_to_100_passed_over_is_not_drawn_as_done(target: Target) -> None:
    release = new_canary(target, phase="TakingOver", step=6, state={"full": True, "skipped": [1, 2, 4, 5]})

    steps = track(release, [], timezone.now())

    assert [step.state for step in steps] == ["done", "done", *["skipped"] * 2, "done", *["skipped"] * 2, "now"]
    assert steps[2].detail == "skipped"
