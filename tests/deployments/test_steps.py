"""The steps, weights, pods and gates of a release as the API tells them, by strategy and state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from deployments.engine.decision import Counts
from deployments.engine.strategies import Analyse, Approve
from services.models import Target
from tests.callers import ApiClient
from tests.factories.deployments import new_blue_green, new_canary

Api = Callable[..., ApiClient]
DONE, NEXT, NEVER = "succeeded", "pending", "skipped"


def told(api: Api, viewer: User, release: Any) -> dict[str, Any]:
    return dict(api(viewer).get(f"/releases/{release.pk}/").json())


@pytest.mark.parametrize(
    ("phase", "step", "state", "statuses", "index"),
    [
        ("Queued", 0, {}, [NEXT] * 7, 0),
        ("Gated", 0, {}, [NEXT] * 7, 0),
        ("Progressing", 0, {}, ["running", *[NEXT] * 6], 0),
        ("Paused", 1, {}, [DONE, "paused", *[NEXT] * 5], 1),
        ("Analysing", 2, {}, [DONE, DONE, "running", *[NEXT] * 4], 2),
        ("AwaitingApproval", 3, {}, [*[DONE] * 3, "waiting", *[NEXT] * 3], 3),
        ("TakingOver", 6, {}, [*[DONE] * 6, "running"], 6),
        ("Succeeded", 6, {}, [DONE] * 7, 6),
        ("Succeeded", 6, {"full": True, "skipped": [1, 2]}, [DONE, NEVER, NEVER, *[DONE] * 4], 6),
        ("Aborting", 2, {"outcome": "Failed"}, [DONE, DONE, "failed", *[NEVER] * 4], 2),
        ("Aborted", 3, {"outcome": "Aborted"}, [*[DONE] * 3, "aborted", *[NEVER] * 3], 3),
        ("Superseded", 0, {}, ["superseded", *[NEVER] * 6], 0),
    ],
)
def test_each_step_of_a_canary_says_how_it_stands(
    api: Api,
    viewer: User,
    target: Target,
    phase: str,
    step: int,
    state: dict[str, Any],
    statuses: list[str],
    index: int,
) -> None:
    body = told(api, viewer, new_canary(target, phase=phase, step=step, state=state))

    assert [one["kind"] for one in body["steps"]] == [
        *("set_weight", "pause", "analysis", "approval", "set_weight", "pause"),
        "promote",
    ]
    assert [one["status"] for one in body["steps"]] == statuses
    assert [one["weight"] for one in body["steps"]] == [10, 10, 10, 10, 50, 50, 100]
    assert body["step_index"] == index


def test_an_approval_before_the_first_pod_is_no_step(api: Api, viewer: User, target: Target) -> None:
    waits = {"gate": "start", "phase": "Gated", "since": "2026-11-29T07:00:00+00:00"}
    release = new_canary(target, phase="AwaitingApproval", state={"gates": {"waits": waits}})

    body = told(api, viewer, release)

    assert {one["status"] for one in body["steps"]} == {NEXT}
    assert body["gates"] == [{"kind": "approval", "status": "pending", "gate": "start", "since": waits["since"]}]
    assert (body["status"], body["weight"]) == ("waiting", {"desired": 0, "actual": 0})


def test_a_freeze_window_says_until_when(api: Api, viewer: User, target: Target) -> None:
    window = {"name": "weekend", "until": "2026-11-30T00:00:00+00:00", "since": "2026-11-29T00:00:00+00:00"}
    state = {"reason": "FreezeWindow", "gates": {"window": window}}

    body = told(api, viewer, new_canary(target, step=4, weight=10, state=state))

    assert body["gates"] == [{"kind": "freeze_window", "status": "closed", **window}]
    assert body["steps"][4]["status"] == "waiting"


def test_a_timed_pause_says_when_it_ends_and_a_held_one_does_not(api: Api, viewer: User, target: Target) -> None:
    timed = new_canary(target, phase="Paused", step=1, weight=10)
    held = new_canary(target, phase="Paused", step=1, weight=10, holding=False, state={"held": {"by": "dev"}})

    pause = told(api, viewer, timed)["steps"][1]
    assert pause["spec"] == {"pause": {"seconds": 60}}
    assert pause["started_at"] < pause["ends_at"]
    assert told(api, viewer, held)["steps"][1]["ends_at"] is None


@pytest.mark.parametrize(
    ("phase", "traffic", "state", "weight"),
    [
        ("Progressing", "replicas", {"weight": 50}, {"desired": 50, "actual": 20}),
        ("Progressing", "istio", {"weight": 50, "routing": {"actual": 10}}, {"desired": 50, "actual": 10}),
        ("TakingOver", "replicas", {"weight": 50}, {"desired": 100, "actual": 20}),
        ("Aborting", "replicas", {"weight": 50, "outcome": "Aborted"}, {"desired": 0, "actual": 20}),
        ("Succeeded", "istio", {"weight": 50, "routing": {}}, {"desired": 100, "actual": 100}),
    ],
)
def test_weight_is_what_was_asked_beside_what_is_so(
    api: Api, viewer: User, target: Target, phase: str, traffic: str, state: dict[str, Any], weight: dict[str, int]
) -> None:
    strategy = {"traffic": traffic}
    counts = Counts(10, 2, 2, 8, 8)

    assert told(api, viewer, new_canary(target, phase=phase, strategy=strategy, counts=counts, state=state))[
        "weight"
    ] == (weight)


def test_a_blue_green_release_has_the_stages_that_it_was_given(api: Api, viewer: User, target: Target) -> None:
    run = Analyse(("success-rate",))
    whole = {"pre_promotion": run, "approval": Approve(), "post_promotion": run}

    assert [one["kind"] for one in told(api, viewer, new_blue_green(target, strategy=whole))["steps"]] == [
        *("preview", "pre_promotion", "approval", "switch", "post_promotion", "scale_down")
    ]
    short = new_blue_green(target, holding=False)
    assert [(one["kind"], one["weight"]) for one in told(api, viewer, short)["steps"]] == [
        ("preview", 0),
        ("switch", 100),
        ("scale_down", 100),
    ]
