"""A person's pause of a canary and of a blue-green release holds and ends alike (delivery.md, Phases and Writing)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deployments.engine.strategies import Pause, SetWeight
from tests.engine.canaries import canary, until
from tests.engine.play import Play
from tests.engine.test_blue_green import blue_green


def waiting_canary() -> Play:
    """A canary in the pause of its second step."""
    return until(canary(SetWeight(20), Pause(), SetWeight(50)), "Paused")


def waiting_blue_green() -> Play:
    """A blue-green release that waits for the word to switch."""
    return until(blue_green(), "Paused")


either = pytest.mark.parametrize("waiting", [waiting_canary, waiting_blue_green])


def ask(play: Play, *names: str) -> None:
    play.asks |= {name: {"by": "dev"} for name in names}
    play.tick()


@either
def test_a_promote_that_meets_a_person_s_pause_is_dropped(waiting: Callable[[], Play]) -> None:
    play = waiting()
    step = play.state.step

    ask(play, "promote", "pause")

    assert (play.state.held, play.asks) == ({"by": "dev", "phase": "Paused"}, {})
    ask(play, "resume")
    for _ in range(3):
        play.roll()
        play.tick()
    assert (play.state.phase, play.state.step, play.state.held) == ("Paused", step, None)


@either
def test_promote_full_is_kept_for_when_a_person_resumes(waiting: Callable[[], Play]) -> None:
    play = waiting()
    step = play.state.step
    ask(play, "pause")

    play.asks["promote"] = {"by": "dev", "full": True}
    play.tick()

    assert (play.state.step, bool(play.state.held), play.state.full, play.asks) == (step, True, True, {})
    ask(play, "resume")
    assert play.state.step > step or play.state.phase != "Paused"


@either
def test_who_resumes_has_other_hands_counted_anew(waiting: Callable[[], Play]) -> None:
    play = waiting()
    for _ in range(2):
        play.cluster.put_back_strategy()
        play.tick()
    ask(play, "pause")
    ask(play, "resume")
    assert play.state.undone == ()

    play.cluster.put_back_strategy()
    play.tick()

    assert not play.state.reason
    assert play.cluster.deployment["spec"]["strategy"] == {"type": "Recreate"}


@either
def test_a_pause_forgives_no_hand_that_goes_on_fighting(waiting: Callable[[], Play]) -> None:
    play = waiting()
    ask(play, "pause")
    for _ in range(3):
        play.cluster.put_back_strategy()
        play.tick()

    assert (play.state.phase, play.state.reason, play.state.held) == ("Paused", "Conflict", None)
