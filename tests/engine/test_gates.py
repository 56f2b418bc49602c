"""Approvals and freeze windows, as the engine waits for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from deployments.engine import gates
from deployments.engine.decision import Decision, State
from deployments.engine.seen import Check, Seen, Voices, Window
from deployments.engine.strategies import Approve
from tests.engine.model_cluster import NOW, ModelCluster, release
from tests.engine.play import Play

RULES = ({"team": "platform", "count": 1},)
STEP = Approve(required=2, expires_seconds=600)


class Gated(Play):
    """A release before a gate, with the voices and the window that a tick would read from the database."""

    voices: tuple[Voices, ...] = ()
    window: Window | None = None

    def look(self, **changes: Any) -> Seen:
        checks = (Check("template", "passed"),)
        seen = self.cluster.seen(predecessor_ended=True, checks=checks, **changes)
        return replace(seen, voices=self.voices, window=self.window)


def waiting(**asked: Any) -> tuple[Gated, Decision]:
    play = Gated(**{"approvals": RULES, **asked})
    return play, play.tick()


class TestBeforeItBegins:
    def test_voices_are_asked_for_once_and_nothing_is_written(self) -> None:
        play, answer = waiting()
        assert (play.state.phase, play.state.reason) == ("AwaitingApproval", "ApprovalRequired")
        assert [(ask.gate, ask.rules) for ask in answer.approvals] == [("start", RULES)]
        play.voices = (Voices("start", "pending", asked="a"),)
        assert play.tick().approvals == ()
        assert play.writes == 0
        assert [said.kind for said in play.said].count("approval.ask") == 1

    def test_it_begins_when_they_are_there(self) -> None:
        play, _ = waiting()
        play.voices = (Voices("start", "approved", by="ann"),)
        assert play.to_the_end().phase == "Succeeded"
        assert play.state.reason == ""

    def test_a_rejection_ends_it_with_nothing_changed(self) -> None:
        play, _ = waiting()
        play.voices = (Voices("start", "rejected", by="ann", comment="not on a Friday"),)
        play.tick()
        assert (play.state.phase, play.state.reason) == ("Aborted", "ApprovalRejected")
        assert play.writes == 0
        assert play.state.message and play.state.message.params["why"] == "not on a Friday"

    def test_voices_that_do_not_come_in_time_end_it(self) -> None:
        play, _ = waiting()
        play.voices = (Voices("start", "pending", asked="a", expires_at=play.now + timedelta(seconds=5)),)
        assert play.tick().wake_at == play.now + timedelta(seconds=5)
        play.now += timedelta(seconds=5)
        play.tick()
        assert (play.state.phase, play.state.reason) == ("Aborted", "ApprovalExpired")

    def test_an_edit_asks_anew(self) -> None:
        play, _ = waiting()
        play.voices = (Voices("start", "void", asked="a"),)
        assert len(play.tick().approvals) == 1
        assert play.state.phase == "AwaitingApproval"

    def test_an_abort_while_it_waits_touches_nothing(self) -> None:
        play, _ = waiting()
        play.voices = (Voices("start", "pending"),)
        play.asks["abort"] = {"by": "dev"}
        play.tick()
        assert (play.state.phase, play.writes) == ("Aborted", 0)

    def test_an_emergency_passes(self) -> None:
        play = Gated(approvals=RULES, emergency=True)
        play.window = Window("night", NOW + timedelta(hours=1))
        assert play.to_the_end().phase == "Succeeded"


class TestWindow:
    window = Window("night", NOW + timedelta(seconds=30), "maintainer")

    def test_it_holds_the_start_until_it_ends(self) -> None:
        play = Gated()
        play.window = self.window
        answer = play.tick()
        assert (play.state.phase, play.state.reason) == ("Gated", "FreezeWindow")
        assert answer.wake_at == self.window.until and play.writes == 0
        play.tick()
        assert [said.kind for said in play.said].count("window.hold") == 1
        play.window, play.now = None, self.window.until
        assert play.to_the_end().phase == "Succeeded"
        assert play.state.reason == ""

    def test_voices_are_asked_for_while_it_holds(self) -> None:
        play = Gated(approvals=RULES)
        play.window = self.window
        play.tick()
        assert play.state.reason == "ApprovalRequired"
        play.voices = (Voices("start", "approved"),)
        play.tick()
        assert (play.state.phase, play.state.reason) == ("Gated", "FreezeWindow")

    def test_a_running_rollout_is_not_held(self) -> None:
        play = Gated()
        play.tick()
        assert play.state.phase == "Progressing"
        play.window = self.window
        assert play.to_the_end().phase == "Succeeded"

    def test_an_abort_is_free(self) -> None:
        play = Gated()
        play.tick()
        play.window = self.window
        play.asks["abort"] = {"by": "dev"}
        play.tick()
        assert play.state.phase != "Progressing"
        assert play.cluster.image == "1.0"

    def test_an_override_counts_for_the_window_it_was_given_for(self) -> None:
        given = {"by": "ann", "window": "night", "until": self.window.until.isoformat()}
        state = State(phase="Progressing", asks={"override": given})
        seen = Seen(window=self.window)
        assert gates.window_open(release(), state, seen, NOW) is None
        other = Seen(window=replace(self.window, name="other"))
        assert gates.window_open(release(), state, other, NOW)
        again = Seen(window=replace(self.window, until=self.window.until + timedelta(days=1)))
        assert gates.window_open(release(), state, again, NOW)


class TestAtAStep:
    state = State(phase="Progressing", step=2, ready_rose_at=NOW)

    def ask(self, state: State, now: datetime = NOW, step: Approve = STEP, **voices: Any) -> Decision | None:
        given = (Voices("step-2", asked="a", **voices),) if voices else ()
        return gates.approved(release(), state, Seen(voices=given), now, "step-2", step)

    def asked(self) -> State:
        answer = self.ask(self.state)
        assert answer
        return answer.state

    def test_it_asks_the_owners_and_waits(self) -> None:
        answer = self.ask(self.state)
        assert answer and answer.state.phase == "AwaitingApproval"
        (ask,) = answer.approvals
        assert ask.rules == ({"team": "", "count": 2},)
        assert ask.expires_at == NOW + timedelta(seconds=600)

    def test_it_goes_on_where_it_was_with_a_fresh_deadline(self) -> None:
        later = NOW + timedelta(hours=3)
        answer = self.ask(self.asked(), later, status="approved")
        assert answer and answer.again and answer.state.phase == "Progressing"
        assert answer.state.ready_rose_at == later
        assert self.ask(answer.state, later, status="approved") is None

    def test_a_rejection_gives_traffic_back(self) -> None:
        answer = self.ask(self.asked(), status="rejected", by="ann")
        assert answer and answer.state.phase == "Aborting"
        assert (answer.state.outcome, answer.state.reason) == ("Aborted", "ApprovalRejected")

    @pytest.mark.parametrize(("on_expiry", "phase"), [("pause", "Paused"), ("abort", "Aborting")])
    def test_expiry_does_as_it_was_told(self, on_expiry: str, phase: str) -> None:
        step = replace(STEP, on_expiry=on_expiry)
        answer = self.ask(self.asked(), step=step, status="expired")
        assert answer and (answer.state.phase, answer.state.reason) == (phase, "ApprovalExpired")

    def test_a_retry_after_expiry_asks_anew(self) -> None:
        paused = self.ask(self.asked(), status="expired")
        assert paused
        anew = self.ask(paused.state.but(phase="Progressing", reason=""), status="expired")
        assert anew and anew.approvals and anew.state.phase == "AwaitingApproval"
        waits = self.ask(anew.state, status="pending")
        assert waits and not waits.approvals

    def test_what_it_remembers_survives_the_row(self) -> None:
        state = State.from_json(self.asked().to_json())
        answer = self.ask(state, status="approved")
        assert answer and answer.state.phase == "Progressing"


def test_a_window_that_opens_between_two_looks_of_one_tick_is_seen_again() -> None:
    cluster = ModelCluster()
    play = Gated(cluster)
    play.window = Window("a", NOW + timedelta(seconds=5))
    play.tick()
    play.window = Window("b", NOW + timedelta(seconds=50))
    play.tick()
    assert [said.sentence.params["window"] for said in play.said if said.kind == "window.hold"] == ["a", "b"]
