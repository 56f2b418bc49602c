"""A canary by replicas, from begin to end (delivery.md, Objects and Canary)."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta

import pytest

from deployments.engine import in_place
from deployments.engine.in_place_patches import DESIRED, MAX
from deployments.engine.strategies import Pause, SetWeight
from deployments.engine.workload import ORIGINALS, claim_of
from tests.engine.canaries import at_step, canary, promoted, until
from tests.engine.model_cluster import template
from tests.engine.play import Play


def steps_of(play: Play) -> list[tuple[str, int]]:
    return [(said.kind, said.data["step"]) for said in play.said if said.kind.startswith("step.")]


def test_a_canary_of_five_weights_costs_at_most_fifteen_writes_and_leaves_nothing_behind(
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    weights = (SetWeight(20), Pause(60), SetWeight(40), Pause(60), SetWeight(60), Pause(60), SetWeight(80), Pause(60))
    play = canary(*weights)
    before = dict(play.cluster.deployment["metadata"]), dict(play.cluster.deployment["spec"]["strategy"])

    state = promoted(play).state

    record_testsuite_property("own writes of a canary of 10 replicas, 4 weights, 4 pauses", play.writes)
    assert state.phase == "Succeeded"
    assert play.writes <= 15
    after = play.cluster.deployment
    assert after["spec"]["strategy"] == before[1]
    assert "paused" not in after["spec"]
    assert after["metadata"]["labels"] == before[0]["labels"]
    assert ORIGINALS not in after["metadata"]["annotations"]
    for one in play.cluster.sets.values():
        assert not claim_of(one).portal
        assert ORIGINALS not in one["metadata"]["annotations"]


def test_it_begins_with_one_patch_that_pauses_and_keeps_what_was_there() -> None:
    play = canary()
    strategy = play.cluster.deployment["spec"]["strategy"]
    play.tick()

    spec = play.cluster.deployment["spec"]
    assert spec["paused"] is True
    assert spec["strategy"] == {"type": "Recreate"}
    assert play.cluster.image == "2.0"
    assert claim_of(play.cluster.deployment).release == "r1"
    kept = json.loads(play.cluster.deployment["metadata"]["annotations"][ORIGINALS])
    assert kept["strategy"] == strategy
    assert kept["replicas"] == 10
    assert kept["abort"].startswith("kubectl -n shop patch deployment web --type=json")
    assert "1.0" in kept["abort"] and "/spec/template" not in kept["promote"]


def test_no_new_pod_is_made_before_the_stamps_are_gone_and_the_controller_knows_the_new_set() -> None:
    play = canary()
    old = play.cluster.set_of("1.0")["metadata"]["name"]
    play.tick()
    play.cluster.sync()
    play.cluster.controller_runs = False
    play.tick()

    assert DESIRED not in play.cluster.sets[old]["metadata"]["annotations"]
    assert MAX not in play.cluster.sets[old]["metadata"]["annotations"]
    assert play.cluster.sizes() == {"1.0": 10, "2.0": 0}

    play.cluster.controller_runs = True
    until(play, "Paused")
    assert play.cluster.sizes() == {"1.0": 8, "2.0": 2}


def test_replicas_that_another_hand_puts_back_are_followed_and_not_fought() -> None:
    play = at_step(canary(SetWeight(50), Pause()), 1)
    for wanted in (14, 10) * 4:
        play.cluster.scale(wanted)
        for _ in range(10):
            play.tick()
            play.roll()
        assert play.cluster.sizes() == {"1.0": wanted // 2, "2.0": wanted // 2}

    assert (play.state.phase, play.state.reason, play.state.undone) == ("Paused", "", ())


@pytest.mark.parametrize("scaled_before", [False, True])
def test_a_write_of_the_number_of_replicas_that_is_there_already_changes_nothing(scaled_before: bool) -> None:
    play = at_step(canary(SetWeight(50), Pause()), 1)
    if scaled_before:
        play.cluster.scale(14)
    for _ in range(10):
        play.tick()
        play.roll()
    sizes, writes, lines = play.cluster.sizes(), play.writes, len(play.said)

    for _ in range(4):
        play.cluster.apply_replicas()
        play.tick()
        play.roll()

    assert (play.cluster.sizes(), play.writes, len(play.said)) == (sizes, writes, lines)
    assert (play.state.phase, play.state.reason, play.state.undone) == ("Paused", "", ())


def test_a_set_that_the_controller_does_not_recognise_in_thirty_seconds_is_a_template_mismatch() -> None:
    play = canary()
    play.tick()
    play.cluster.sync()
    play.cluster.controller_runs = False
    play.tick()
    play.now += timedelta(seconds=25)
    assert not play.tick().state.outcome
    play.now += timedelta(seconds=6)
    play.tick()

    assert (play.state.outcome, play.state.reason) == ("Failed", "TemplateMismatch")
    play.cluster.controller_runs = True
    assert play.to_the_end().phase == "Failed"
    assert play.cluster.image == "1.0"


def test_the_pods_that_were_tested_are_the_pods_that_stay() -> None:
    play = at_step(canary(), 1)
    tested = play.cluster.set_of("2.0")["metadata"]["uid"]

    promoted(play)

    assert play.cluster.set_of("2.0")["metadata"]["uid"] == tested
    assert play.cluster.sizes() == {"1.0": 0, "2.0": 10}
    play.cluster.settle()
    assert play.cluster.sizes() == {"1.0": 0, "2.0": 10}


def test_a_later_set_image_rolls_after_success_and_after_an_abort() -> None:
    for ending in ("promote", "abort"):
        play = at_step(canary(), 1)
        if ending == "abort":
            play.asks["abort"] = {"by": "dev"}
        promoted(play)
        play.cluster.settle()

        play.cluster.set_image("3.0")
        play.cluster.settle()

        assert play.cluster.sizes()["3.0"] == 10


def test_an_equal_replica_set_is_used_again_and_not_deleted_after_an_abort() -> None:
    play = canary()
    play.cluster.set_image("2.0")
    play.cluster.settle()
    play.cluster.set_image("1.0")
    play.cluster.settle()
    known = play.cluster.set_of("2.0")["metadata"]["uid"]

    at_step(play, 1)
    assert play.cluster.set_of("2.0")["metadata"]["uid"] == known
    play.asks["abort"] = {"by": "dev"}

    assert play.to_the_end().phase == "Aborted"
    assert play.cluster.set_of("2.0")["metadata"]["uid"] == known
    assert not claim_of(play.cluster.set_of("2.0")).portal


def test_steps_are_told_in_order_with_their_index() -> None:
    play = canary(SetWeight(20), Pause(5), SetWeight(50))

    promoted(play)

    expected = [(kind, step) for step in range(3) for kind in ("step.started", "step.finished")]
    assert steps_of(play) == expected


def test_both_versions_follow_the_replicas_that_an_autoscaler_asks_for() -> None:
    play = at_step(canary(SetWeight(50), Pause()), 1)
    assert play.cluster.sizes() == {"1.0": 5, "2.0": 5}

    for wanted in (14, 6):
        play.cluster.scale(wanted)
        for _ in range(10):
            play.tick()
            play.roll()
        assert play.cluster.sizes() == {"1.0": wanted // 2, "2.0": wanted // 2}


def test_scaled_to_zero_gives_the_old_version_back_and_begins_anew_when_pods_are_wanted() -> None:
    play = at_step(canary(), 1)
    play.cluster.scale(0)
    play.tick()
    assert (play.state.phase, play.state.reason) == ("Paused", "ScaledToZero")
    assert play.cluster.image == "1.0"
    assert not play.cluster.deployment["spec"].get("paused")

    play.roll()
    play.cluster.scale(4)
    until(play, "Progressing")

    assert promoted(play).state.phase == "Succeeded"
    assert play.cluster.sizes()["2.0"] == 4


def test_pods_on_their_way_out_take_room_also_where_there_was_no_old_version_to_remember() -> None:
    play = at_step(canary(SetWeight(50), Pause()), 1)
    play.cluster.scale_set(play.cluster.set_of("1.0")["metadata"]["name"], 0)
    state = play.state.but(originals={**play.state.originals, "old": ""})
    del play.cluster.deployment["metadata"]["annotations"][ORIGINALS]

    old = in_place.sets_of(play.release, state, play.look()).old

    assert in_place.side_of(old).pods == 5


def test_an_abort_ends_where_the_controller_stands_still_before_a_number_that_it_never_rewrites() -> None:
    play = at_step(canary(SetWeight(50), Pause(), replicas=4, progress_deadline_seconds=30), 1)
    play.asks["abort"] = {"by": "dev"}
    while play.cluster.sizes() != {"1.0": 4, "2.0": 0}:
        play.tick()
        play.roll()
    old = play.cluster.set_of("1.0")
    # As after another hand has scaled the only ReplicaSet to what its Deployment asks for (sync.go, scale: no change).
    old["metadata"]["annotations"][DESIRED] = "0"
    play.cluster.lose_pod(old["metadata"]["name"])
    play.cluster.broken_images.add("registry.example/web:1.0")

    play.to_the_end(100)

    assert (play.state.phase, play.state.reason) == ("Aborted", "AbortedByUser")
    assert DESIRED not in play.cluster.set_of("1.0")["metadata"]["annotations"]


def test_without_pods_the_template_is_written_and_nothing_is_held() -> None:
    play = canary(replicas=0)

    state = play.to_the_end()

    assert (state.phase, state.reason) == ("Succeeded", "ScaledToZero")
    assert "paused" not in play.cluster.deployment["spec"]


def test_a_deployment_in_the_middle_of_another_rollout_is_waited_for_and_then_refused() -> None:
    play = canary(progress_deadline_seconds=60, spec={"template_from": template("0.9")})
    play.cluster.broken_images.add("registry.example/web:0.9")
    play.cluster.set_image("0.9")
    play.cluster.settle()
    assert sum(size > 0 for size in play.cluster.sizes().values()) > 1
    play.tick()
    assert play.state.phase == "Gated"

    play.now += timedelta(seconds=61)
    play.tick()

    assert (play.state.phase, play.state.reason) == ("Failed", "Conflict")
    assert play.writes == 0


def test_a_new_epoch_is_stamped_on_everything_before_anything_is_believed() -> None:
    play = at_step(canary(), 1)
    play.state = play.state.but(unconfirmed={"why": "size", "epoch": 1, "key": "ReplicaSet/x"})
    play.release = type(play.release)(**{**vars(play.release), "epoch": 2})
    writes = play.writes

    play.tick()

    assert claim_of(play.cluster.deployment).epoch == "2"
    assert {claim_of(one).epoch for one in play.cluster.sets.values()} == {"2"}
    assert play.writes == writes + 3
    assert play.state.unconfirmed is None


def test_one_that_was_ended_is_not_begun_anew_when_a_write_after_that_was_left_without_an_answer() -> None:
    """The new epoch claims the Deployment, as a write of the older one may still come; its spec is as it shall be."""
    play = until(canary(SetWeight(50)), "Finishing")
    assert not claim_of(play.cluster.deployment).portal
    spec, (name, *_) = deepcopy(play.cluster.deployment["spec"]), play.cluster.sets
    play.state = play.state.but(unconfirmed={"why": "clean", "epoch": 1, "key": f"ReplicaSet/{name}"})
    play.release = type(play.release)(**{**vars(play.release), "epoch": 2})

    state = play.to_the_end()

    assert state.phase == "Succeeded"
    assert play.cluster.deployment["spec"] == spec
    assert not claim_of(play.cluster.deployment).portal
    assert "conflict.undone" not in [said.kind for said in play.said]
