"""A person's pause of a rolling release (delivery.md, Rolling)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.engine.decision import Sentence
from deployments.engine.strategies import RollingUpdate
from deployments.engine.workload import HELD, claim_of
from tests.engine.model_cluster import ModelCluster
from tests.engine.play import Play


def midway(**asked: object) -> Play:
    """One of three new pods is ready."""
    play = Play(**asked)
    play.tick()
    play.roll()
    play.tick()
    assert (play.state.phase, play.state.counts.new_ready) == ("Progressing", 1)
    return play


def paused(**asked: object) -> Play:
    play = midway(**asked)
    play.asks["pause"] = {"by": "dev"}
    play.tick()
    return play


def assert_not_paused(play: Play) -> None:
    assert "paused" not in play.cluster.deployment["spec"]
    assert HELD not in play.cluster.deployment["metadata"]["labels"]


def test_one_write_pauses_the_deployment_and_nothing_moves() -> None:
    play = midway()
    writes = play.writes
    play.asks["pause"] = {"by": "dev"}
    play.tick()

    assert (play.state.phase, play.state.held) == ("Paused", {"by": "dev", "phase": "Progressing"})
    assert play.writes == writes + 1
    assert play.cluster.deployment["spec"]["paused"] is True
    assert play.asks == {}
    for _ in range(5):
        play.roll(60)
        play.tick()
    assert play.state.counts.new_ready == 1


def test_it_says_how_many_pods_there_may_be_meanwhile() -> None:
    play = paused(strategy=RollingUpdate(max_surge=2))

    assert play.state.message == Sentence("paused_rolling", {"by": "dev", "most": 5})


def test_resume_goes_on_to_the_end_and_leaves_nothing() -> None:
    play = paused()
    play.asks["resume"] = {"by": "dev"}
    play.tick()
    assert play.state.phase == "Progressing"
    assert_not_paused(play)

    assert play.to_the_end().phase == "Succeeded"
    assert play.cluster.deployment["metadata"]["labels"] == {"app": "web"}


def test_the_deadline_does_not_run_while_it_is_held() -> None:
    play = paused(strategy=RollingUpdate(progress_deadline_seconds=60))
    play.now += timedelta(hours=3)
    play.tick()
    play.asks["resume"] = {"by": "dev"}
    play.tick()
    assert play.state.phase == "Progressing"

    play.now += timedelta(seconds=61)
    play.tick()

    assert play.state.reason == "ProgressDeadlineExceeded"


@pytest.mark.parametrize(("ask", "phase", "image"), [("abort", "Aborted", "1.0"), ("supersede", "Superseded", "2.0")])
def test_the_write_that_gives_the_deployment_back_unpauses_it(ask: str, phase: str, image: str) -> None:
    play = paused()
    writes = play.writes
    play.asks[ask] = {"by": "dev"}
    play.tick()

    assert play.writes == writes + 1
    assert_not_paused(play)
    assert claim_of(play.cluster.deployment).portal == ""
    assert (play.to_the_end().phase, play.cluster.image) == (phase, image)


@pytest.mark.parametrize("fate", ["crash", "lost"])
@pytest.mark.parametrize("landed", [True, False])
def test_a_pause_whose_answer_is_lost_is_made_good(fate: str, landed: bool) -> None:
    play = midway()
    play.asks["pause"] = {"by": "dev"}
    play.tick(fate)
    if landed:
        play.deliver()

    play.tick()
    play.deliver()

    assert play.cluster.deployment["spec"]["paused"] is True
    play.asks["resume"] = {"by": "dev"}
    play.tick()
    assert_not_paused(play)
    assert play.to_the_end().phase == "Succeeded"


def test_a_late_pause_cannot_land_after_it_was_resumed() -> None:
    play = midway()
    play.asks["pause"] = {"by": "dev"}
    play.tick("crash")
    play.asks["resume"] = {"by": "dev"}
    play.tick()

    play.deliver()

    assert_not_paused(play)


@pytest.mark.parametrize("known", ["before the pause", "while it was held"])
def test_a_restored_release_finds_its_pause_again(known: str) -> None:
    play = midway()
    backup = play.state
    play.asks["pause"] = {"by": "dev"}
    play.tick()
    play.state = (backup if known == "before the pause" else play.state).but(restored="look")
    play.release = type(play.release)(**{**vars(play.release), "epoch": 2})

    play.tick()

    assert play.state.phase == "Paused" and play.state.held
    assert claim_of(play.cluster.deployment).epoch == "2"
    play.asks["resume"] = {"by": "dev"}
    assert play.to_the_end().phase == "Succeeded"
    assert_not_paused(play)


def test_another_hand_that_resumes_is_undone_twice_and_then_left_to_a_person() -> None:
    play = paused()
    for _ in range(2):
        play.cluster.set_paused(False)
        play.tick()
        assert play.cluster.deployment["spec"]["paused"] is True

    play.cluster.set_paused(False)
    play.tick()

    assert (play.state.phase, play.state.reason) == ("Paused", "Conflict")
    assert play.said[-1].sentence.params["manager"] == "kubectl-rollout"
    play.asks["retry"] = {"by": "dev"}
    assert play.to_the_end().phase == "Succeeded"
    assert HELD not in play.cluster.deployment["metadata"]["labels"]


def test_a_pause_that_another_hand_has_set_is_not_taken_away() -> None:
    play = midway()
    play.cluster.set_paused(True)
    play.asks["pause"] = {"by": "dev"}
    play.tick()
    play.asks["resume"] = {"by": "dev"}
    play.tick()

    assert play.cluster.deployment["spec"]["paused"] is True
    assert (play.state.phase, play.state.message) == (
        "Progressing",
        Sentence("paused_by_other", play.release.names),
    )


def test_a_deployment_that_takes_old_pods_away_first_is_not_paused() -> None:
    cluster = ModelCluster()
    cluster.deployment["spec"]["strategy"] = {"type": "Recreate"}
    play = Play(cluster)
    play.tick()
    play.asks["pause"] = {"by": "dev"}
    play.tick()

    assert play.said[-1].sentence.code == "not_paused_recreate"
    assert "paused" not in cluster.deployment["spec"]
    assert play.to_the_end().phase == "Succeeded"
