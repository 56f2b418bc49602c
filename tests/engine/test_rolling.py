"""A rolling release, phase by phase (delivery.md, Rolling)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.engine.strategies import RollingUpdate
from deployments.engine.workload import PORTAL, RELEASE, claim_of
from tests.engine.model_cluster import ModelCluster
from tests.engine.play import Play


def rolling(**asked: object) -> Play:
    """A release whose template is written and whose pods are being replaced."""
    play = Play(**asked)
    play.tick()
    assert play.state.phase == "Progressing"
    return play


def test_it_succeeds_with_two_writes_and_leaves_nothing_behind() -> None:
    play = Play()
    before = dict(play.cluster.deployment["metadata"]["labels"])

    assert play.to_the_end().phase == "Succeeded"

    assert play.cluster.image == "2.0"
    assert play.writes == 2
    assert play.cluster.deployment["metadata"]["labels"] == before


def test_it_claims_the_deployment_while_it_runs() -> None:
    play = rolling()

    claim = claim_of(play.cluster.deployment)

    assert (claim.portal, claim.release, claim.epoch) == ("p1", "r1", "1")


def test_it_is_not_done_before_the_old_pods_are_gone() -> None:
    play = rolling()
    play.roll()

    play.tick()

    assert play.state.phase == "Progressing"
    assert play.state.counts.new_ready == 1


def test_releasing_what_runs_changes_nothing_and_says_so() -> None:
    play = Play(template_to={**ModelCluster().deployment["spec"]["template"]})
    generation = play.cluster.deployment["metadata"]["generation"]

    play.tick()

    assert play.state.phase == "Succeeded"
    assert play.state.message is not None and play.state.message.code == "already_runs"
    assert play.cluster.deployment["metadata"]["generation"] == generation
    assert play.writes == 0


def test_bounds_that_were_asked_for_are_put_back_at_the_end() -> None:
    play = Play(strategy=RollingUpdate(max_surge=1, max_unavailable=0))
    before = play.cluster.deployment["spec"]["strategy"]
    play.tick()
    assert play.cluster.deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}

    play.to_the_end()

    assert play.cluster.deployment["spec"]["strategy"] == before
    assert not play.cluster.deployment["metadata"].get("annotations")
    assert all(not one["metadata"]["annotations"] for one in play.cluster.sets.values())


def test_a_bad_image_fails_after_twenty_seconds_and_the_old_template_comes_back() -> None:
    play = Play()
    play.cluster.broken_images.add("registry.example/web:2.0")
    play.tick()
    play.roll(1)
    play.tick()
    assert play.state.reason == "ImagePullFailed"
    assert play.state.phase == "Progressing"

    play.roll(20)
    state = play.to_the_end()

    assert (state.phase, state.reason) == ("Failed", "ImagePullFailed")
    assert state.evidence is not None and state.evidence["words"] == "Back-off pulling image"
    assert play.cluster.image == "1.0"
    assert PORTAL not in play.cluster.deployment["metadata"]["labels"]


def test_on_failure_pause_waits_for_a_person_and_retry_goes_on() -> None:
    play = Play(strategy=RollingUpdate(on_failure="pause"))
    play.cluster.broken_images.add("registry.example/web:2.0")
    play.tick()
    play.roll(1)
    play.tick()
    play.roll(21)
    play.tick()
    assert (play.state.phase, play.state.reason) == ("Paused", "ImagePullFailed")
    assert play.cluster.image == "2.0"

    play.cluster.broken_images.clear()
    play.asks["retry"] = {"by": "dev"}

    assert play.to_the_end().phase == "Succeeded"


def test_the_deadline_counts_from_the_last_pod_that_became_ready() -> None:
    play = rolling(strategy=RollingUpdate(progress_deadline_seconds=60))
    play.roll(50)
    play.tick()
    play.roll(0)
    play.tick()
    play.now += timedelta(seconds=50)
    play.tick()
    assert play.state.phase == "Progressing"

    play.now += timedelta(seconds=11)
    play.tick()

    assert play.state.reason == "ProgressDeadlineExceeded"


def test_an_abort_brings_the_old_template_back_in_one_write() -> None:
    play = rolling()
    play.roll()
    writes = play.writes
    play.asks["abort"] = {"by": "dev", "reason": "wrong version"}

    play.tick()

    assert play.cluster.image == "1.0"
    assert play.writes == writes + 1
    assert claim_of(play.cluster.deployment).portal == ""
    assert play.to_the_end().phase == "Aborted"


def test_an_abort_before_the_first_write_touches_nothing() -> None:
    play = Play()
    play.asks["abort"] = {"by": "dev"}

    play.tick()

    assert play.state.phase == "Aborted"
    assert play.writes == 0


def test_an_abort_after_the_rollout_is_complete_is_too_late() -> None:
    play = rolling()
    play.cluster.settle()
    play.decide()
    assert play.state.phase == "Finishing"
    play.asks["abort"] = {"by": "dev"}

    assert play.to_the_end().phase == "Succeeded"


def test_a_template_changed_between_plan_and_write_is_not_overwritten() -> None:
    play = Play()
    play.cluster.set_image("1.1")

    play.tick()

    assert (play.state.phase, play.state.reason) == ("Failed", "DriftDetected")
    assert play.cluster.image == "1.1"
    assert play.writes == 0


def test_a_foreign_write_is_undone_twice_and_then_left_to_a_person() -> None:
    play = rolling()
    for _ in range(2):
        play.cluster.set_image("1.5")
        play.tick()
        assert play.cluster.image == "2.0"

    play.cluster.set_image("1.5")
    play.tick()

    assert (play.state.phase, play.state.reason) == ("Paused", "Conflict")
    assert play.cluster.image == "1.5"
    assert "kubectl-set" in play.said[-1].sentence.params.values()


def test_a_foreign_claim_is_a_conflict_and_stays() -> None:
    play = Play()
    play.cluster.deployment["metadata"]["labels"] |= {PORTAL: "p2", RELEASE: "theirs"}

    play.tick()

    assert (play.state.phase, play.state.reason) == ("Failed", "Conflict")
    assert claim_of(play.cluster.deployment).portal == "p2"
    assert play.writes == 0


def test_a_superseded_release_lets_go_without_taking_the_template_back() -> None:
    play = rolling()
    play.roll()
    play.asks["supersede"] = {"by": "dev"}

    play.tick()

    assert play.state.phase == "Superseded"
    assert play.cluster.image == "2.0"
    assert claim_of(play.cluster.deployment).portal == ""


def test_a_queued_release_waits_until_the_older_one_has_let_go() -> None:
    play = Play()
    play.predecessor_ended = False
    play.tick()
    assert (play.state.phase, play.state.holding) == ("Queued", False)

    play.predecessor_ended = True

    assert play.to_the_end().phase == "Succeeded"


def test_scaled_to_zero_succeeds_and_says_that_no_pod_has_tried_it() -> None:
    play = Play(ModelCluster(replicas=0))

    state = play.to_the_end()

    assert (state.phase, state.reason) == ("Succeeded", "ScaledToZero")


def test_a_silent_cluster_concludes_nothing_and_stops_the_clocks() -> None:
    play = rolling(strategy=RollingUpdate(progress_deadline_seconds=60))
    for _ in range(20):
        play.decide(deployment=None, unreachable="no route to host")
        play.now += timedelta(seconds=10)
    assert (play.state.phase, play.state.reason) == ("Progressing", "ClusterUnreachable")

    play.tick()
    assert (play.state.phase, play.state.reason) == ("Progressing", "")

    assert play.to_the_end().phase == "Succeeded"


def test_a_bad_image_fails_although_the_cluster_is_silent_now_and_then() -> None:
    play = rolling()
    play.cluster.broken_images.add("registry.example/web:2.0")
    for _ in range(8):
        play.tick()
        play.roll(4)
        play.decide(deployment=None, unreachable="no route to host")
        play.roll(4)

    assert (play.state.phase, play.state.reason) == ("Failed", "ImagePullFailed")


def test_a_deleted_deployment_ends_the_release() -> None:
    play = rolling()

    play.decide(deployment=None)

    assert (play.state.phase, play.state.reason) == ("Failed", "Conflict")


@pytest.mark.parametrize("delivered", ["before the next tick", "after the release has ended"])
def test_a_crash_between_saving_and_writing_is_made_good_once(delivered: str) -> None:
    play = Play()
    play.tick("crash")
    assert play.state.unconfirmed is not None
    if delivered == "before the next tick":
        play.deliver()

    assert play.to_the_end().phase == "Succeeded"
    after = play.cluster.deployment["metadata"]["labels"], play.cluster.image
    play.deliver()

    assert (play.cluster.deployment["metadata"]["labels"], play.cluster.image) == after


def test_a_stalled_first_write_cannot_land_after_an_abort() -> None:
    play = Play()
    play.tick("crash")
    play.asks["abort"] = {"by": "dev"}

    assert play.to_the_end().phase == "Aborted"
    play.deliver()

    assert play.cluster.image == "1.0"
    assert claim_of(play.cluster.deployment).portal == ""


def test_a_write_whose_answer_was_lost_cannot_land_after_an_abort_although_the_cluster_is_busy() -> None:
    play = Play()
    play.tick("lost")
    play.tick("unsent")
    play.asks["abort"] = {"by": "dev"}

    assert play.to_the_end().phase == "Aborted"
    play.deliver()

    assert play.cluster.image == "1.0"
    assert claim_of(play.cluster.deployment).portal == ""


@pytest.mark.parametrize("ending", ["Finishing", "Aborting"])
def test_a_deployment_is_given_back_once_the_rights_have_returned(ending: str) -> None:
    play = rolling()
    if ending == "Finishing":
        play.cluster.settle()
    else:
        play.asks["abort"] = {"by": "dev"}
    for _ in range(3):
        play.tick("forbidden")
        play.tick()
        assert play.state.phase == ending
        play.now += timedelta(seconds=11)

    state = play.to_the_end()

    assert state.phase == ("Succeeded" if ending == "Finishing" else "Aborted")
    assert claim_of(play.cluster.deployment).portal == ""
    assert [said.kind for said in play.said].count("write.refused") == 1


def test_a_stamp_that_is_refused_settles_nothing_while_another_is_on_its_way() -> None:
    play = rolling()
    play.cluster.settle()
    play.tick("lost")
    play.deliver()
    play.tick("lost")

    play.tick("forbidden")
    play.tick()
    play.now += timedelta(seconds=11)

    assert play.to_the_end().phase == "Succeeded"
    play.deliver()
    assert claim_of(play.cluster.deployment).portal == ""


def test_a_deployment_that_may_not_be_given_back_ends_the_release_after_five_minutes() -> None:
    play = rolling()
    play.asks["abort"] = {"by": "dev"}
    began = play.now
    while not play.state.is_terminal:
        play.tick("forbidden")
        play.tick()
        play.now += timedelta(seconds=10)

    assert (play.state.phase, play.state.reason) == ("Failed", "Forbidden")
    assert timedelta(minutes=5) <= play.now - began < timedelta(minutes=6)


def test_a_cluster_that_takes_no_write_for_long_is_told_once_and_tried_on() -> None:
    play = Play()
    for _ in range(6):
        play.tick("unsent")
        play.now += timedelta(seconds=2)

    assert [said.kind for said in play.said].count("write.unanswered") == 1
    assert play.to_the_end().phase == "Succeeded"


def test_a_write_that_is_refused_at_the_start_ends_the_release_with_the_cluster_s_words() -> None:
    play = Play()
    play.tick("forbidden")

    play.tick()

    assert (play.state.phase, play.state.reason) == ("Failed", "Forbidden")
    assert play.state.message is not None and play.state.message.params["words"] == "deployments.apps is forbidden"
    assert play.cluster.image == "1.0"
