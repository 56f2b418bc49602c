"""What people, failures and other hands do to a canary (delivery.md, Phases, Canary and Writing)."""

from __future__ import annotations

import json
import shlex
from datetime import timedelta

import pytest

from deployments.engine.decision import Write
from deployments.engine.strategies import Approve, Pause, SetWeight
from deployments.engine.workload import ORIGINALS, claim_of
from tests.engine.canaries import at_step, canary, promoted, until
from tests.engine.play import Play


def by_hand(play: Play, ending: str) -> None:
    """Run one of the two kubectl lines that the annotation keeps."""
    line = json.loads(play.cluster.deployment["metadata"]["annotations"][ORIGINALS])[ending]
    play.cluster.write(Write(ending, tuple(json.loads(shlex.split(line)[-1]))))


def test_a_pause_is_as_long_as_asked_whatever_else_holds_the_release() -> None:
    play = at_step(canary(SetWeight(20), Pause(60), SetWeight(50)), 1)
    began = play.state.step_started_at
    play.asks["pause"] = {"by": "dev"}
    play.tick()
    assert play.state.held == {"by": "dev", "phase": "Paused"}
    play.now += timedelta(seconds=50)
    play.tick()
    play.asks["resume"] = {"by": "dev"}
    play.tick()
    assert (play.state.step, play.state.step_started_at) == (1, began)

    play.now += timedelta(seconds=11)
    play.tick()

    assert play.state.step == 2


def test_a_person_s_pause_holds_a_move_and_resume_goes_on() -> None:
    play = canary(SetWeight(50), Pause())
    play.tick()
    play.roll()
    play.asks["pause"] = {"by": "dev"}
    until(play, "Paused")
    sizes = play.cluster.sizes()
    for _ in range(5):
        play.tick()
        play.roll(30)
    assert play.cluster.sizes() == sizes

    play.asks["resume"] = {"by": "dev"}

    at_step(play, 1)
    assert play.cluster.sizes() == {"1.0": 5, "2.0": 5}


def test_a_promote_that_comes_too_late_does_not_skip_the_next_pause() -> None:
    play = at_step(canary(SetWeight(20), Pause(60), SetWeight(50), Pause()), 2)
    play.asks["promote"] = {"by": "dev"}

    until(play, "Paused")

    assert play.state.step == 3
    assert "promote" not in play.asks


def test_promote_full_skips_pauses_and_weights_but_not_readiness() -> None:
    play = at_step(canary(SetWeight(20), Pause(), SetWeight(50), Pause()), 1)
    play.cluster.broken_images.add("registry.example/web:2.0")
    play.asks["promote"] = {"by": "dev", "full": True}
    play.tick()
    play.roll()
    assert play.state.phase == "TakingOver"
    assert play.state.skipped == (1, 2, 3)
    for _ in range(5):
        play.tick()
        play.roll()
    assert play.cluster.sizes()["1.0"] >= 6

    play.cluster.broken_images.clear()

    assert promoted(play).state.phase == "Succeeded"


def test_promote_full_does_not_skip_an_approval() -> None:
    play = at_step(canary(SetWeight(20), Pause(), Approve(), SetWeight(50)), 1)
    play.asks["promote"] = {"by": "dev", "full": True}
    play.tick()

    assert (play.state.phase, play.state.reason) == ("AwaitingApproval", "ApprovalRequired")


@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_abort_is_one_write_and_the_controller_does_the_rest(step: int) -> None:
    play = at_step(canary(SetWeight(20), Pause(), SetWeight(50), Pause()), step)
    writes = play.writes
    play.asks["abort"] = {"by": "dev"}
    play.tick()
    assert play.writes == writes + 1
    assert play.cluster.image == "1.0"

    state = play.to_the_end()

    assert (state.phase, state.reason) == ("Aborted", "AbortedByUser")
    assert play.cluster.sizes() == {"1.0": 10}
    assert all(not claim_of(one).portal for one in play.cluster.sets.values())


def test_a_superseded_canary_gives_the_old_version_back() -> None:
    play = at_step(canary(), 1)
    play.asks["supersede"] = {"by": "dev"}

    assert play.to_the_end().phase == "Superseded"
    assert play.cluster.sizes() == {"1.0": 10}


def test_pods_that_fail_for_twenty_seconds_fail_the_step_and_the_old_version_comes_back() -> None:
    play = canary()
    play.cluster.broken_images.add("registry.example/web:2.0")
    for _ in range(4):
        play.tick()
        play.roll()
    assert (play.state.phase, play.state.reason) == ("Progressing", "ImagePullFailed")
    assert play.cluster.total_ready() == 10

    play.roll(21)

    assert (play.to_the_end().phase, play.state.reason) == ("Failed", "ImagePullFailed")
    assert play.cluster.sizes() == {"1.0": 10}


def test_on_failure_pause_keeps_the_pods_and_retry_goes_on_with_the_same_step() -> None:
    play = canary(on_failure="pause")
    play.cluster.broken_images.add("registry.example/web:2.0")
    for _ in range(4):
        play.tick()
        play.roll(10)
    until(play, "Paused")
    assert play.state.reason == "ImagePullFailed"

    play.cluster.broken_images.clear()
    play.asks["retry"] = {"by": "dev"}

    at_step(play, 1)
    assert play.cluster.sizes() == {"1.0": 8, "2.0": 2}


def test_a_new_version_that_does_not_come_up_while_it_takes_over_leaves_the_release_paused() -> None:
    play = at_step(canary(progress_deadline_seconds=60), 1)
    play.asks["promote"] = {"by": "dev"}
    play.tick()
    assert play.state.phase == "TakingOver"
    play.cluster.broken_images.add("registry.example/web:2.0")
    for _ in range(12):
        play.tick()
        play.roll(10)

    assert play.state.phase == "Paused"
    assert play.cluster.total_ready() >= 8
    play.cluster.broken_images.clear()
    play.asks["retry"] = {"by": "dev"}
    assert promoted(play).state.phase == "Succeeded"


@pytest.mark.parametrize("hand", ["put_back_strategy", "resume", "set_image"])
def test_another_hand_is_undone_twice_and_then_left_to_a_person(hand: str) -> None:
    play = at_step(canary(SetWeight(50), Pause()), 1)
    undo = {"set_image": lambda: play.cluster.set_image("1.5")}.get(hand, getattr(play.cluster, hand))
    for _ in range(2):
        undo()
        play.tick()
        assert play.cluster.deployment["spec"]["paused"] is True
        assert play.cluster.deployment["spec"]["strategy"] == {"type": "Recreate"}
        assert play.cluster.image == "2.0"

    undo()
    play.tick()

    assert (play.state.phase, play.state.reason) == ("Paused", "Conflict")
    assert play.state.message is not None and play.state.message.params["manager"]


def test_sizes_and_stamps_are_put_right_after_the_strategy_was_put_back() -> None:
    play = at_step(canary(SetWeight(50), Pause()), 1)
    play.cluster.put_back_strategy()
    play.cluster.step()
    assert sum(play.cluster.sizes().values()) == 13

    for _ in range(4):
        play.tick()
        play.roll()

    assert play.cluster.sizes() == {"1.0": 5, "2.0": 5}
    assert play.state.phase == "Paused" and not play.state.reason


def test_the_promoting_line_without_the_portal_is_recognised_as_a_promotion() -> None:
    play = at_step(canary(), 1)
    by_hand(play, "promote")
    play.cluster.settle()

    assert play.to_the_end().phase == "Succeeded"
    assert play.cluster.sizes() == {"1.0": 0, "2.0": 10}
    assert all(not claim_of(one).portal for one in play.cluster.sets.values())


def test_the_aborting_line_without_the_portal_is_recognised_as_an_abort() -> None:
    play = at_step(canary(), 1)
    by_hand(play, "abort")

    assert play.to_the_end().phase == "Aborted"
    assert play.cluster.sizes() == {"1.0": 10}


def test_pods_that_do_not_get_ready_are_taken_away_where_they_hold_back_an_autoscaler() -> None:
    play = canary(on_failure="pause", canary_ready_timeout_seconds=30)
    play.cluster.broken_images.add("registry.example/web:2.0")
    hpa = {"metadata": {"name": "web"}}
    play.look = lambda **changes: Play.look(play, **{"pods": (), "autoscaler": hpa, **changes})  # type: ignore[method-assign]
    for _ in range(8):
        play.tick()
        play.roll(10)

    assert (play.state.phase, play.state.reason) == ("Paused", "ProgressDeadlineExceeded")
    assert play.cluster.sizes() == {"1.0": 10, "2.0": 0}


def test_a_write_that_the_cluster_refuses_gives_the_deployment_back() -> None:
    play = canary()
    play.tick()
    play.roll()
    play.tick("forbidden")
    play.tick()

    assert (play.to_the_end().phase, play.state.reason) == ("Failed", "Forbidden")
    assert play.cluster.image == "1.0"
    assert not claim_of(play.cluster.deployment).portal


def test_the_old_set_that_the_controller_deleted_is_no_obstacle() -> None:
    play = at_step(canary(), 1)
    play.asks["promote"] = {"by": "dev", "full": True}
    for _ in range(20):
        play.tick()
        if play.cluster.sizes().get("1.0") == 0:
            break
        play.roll()
    gone = play.cluster.set_of("1.0")["metadata"]["name"]
    del play.cluster.sets[gone], play.cluster.pods[gone]

    assert promoted(play).state.phase == "Succeeded"
