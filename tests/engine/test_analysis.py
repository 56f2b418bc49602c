"""The keeper of runs: what is asked for when, what decides, what a person may do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.engine import analysis
from deployments.engine.decision import Decision, Measure, State
from deployments.engine.seen import Measurement, Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Analyse, AnalysisTemplate, Canary, SetWeight
from tests.engine.model_cluster import NOW, release

STEP = Analyse(("rate",), interval_seconds=10, count=3)
RATE = AnalysisTemplate("rate", query="q", success="result > 0", failure_limit=1, window_seconds=60)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def spec(*templates: AnalysisTemplate, background: bool = False) -> ReleaseSpec:
    names = tuple(one.name for one in templates or (RATE,))
    strategy = Canary((SetWeight(10), replace(STEP, templates=names)), analysis=STEP if background else None)
    return replace(release(), strategy=strategy, templates={one.name: one for one in templates or (RATE,)})


def row(
    number: int, status: str, seconds: float, *, run: str = "step-1", name: str = "rate", **more: Any
) -> Measurement:
    return Measurement(run, name, number, at(seconds), status, since=at(seconds - 10), **more)


def steps_of(one: ReleaseSpec) -> Analyse:
    assert isinstance(one.strategy, Canary)
    step = one.strategy.steps[1]
    assert isinstance(step, Analyse)
    return step


class Asked:
    """A step that is judged again and again, by level."""

    def __init__(self, *templates: AnalysisTemplate) -> None:
        self.spec = spec(*templates)
        self.state = State(weight=10, weight_since=NOW)
        self.rows: list[Measurement] = []

    def at(self, seconds: float) -> analysis.Verdict:
        seen = Seen(measurements=tuple(self.rows))
        self.state, verdict = analysis.step(self.spec, self.state, seen, at(seconds), "step-1", steps_of(self.spec))
        self.state = State.from_json(self.state.to_json())
        return verdict


class TestAsking:
    def test_not_before_a_rate_can_show_and_then_at_the_interval(self) -> None:
        asked = Asked()
        assert (asked.at(0).measures, asked.at(0).next_at) == ((), at(10))
        assert asked.at(10).measures == (Measure("step-1", "rate", 1),)
        assert asked.at(11).measures == ()  # on its way
        asked.rows.append(row(1, "Successful", 10))
        assert (asked.at(12).measures, asked.at(12).next_at) == ((), at(20))
        assert asked.at(20).measures == (Measure("step-1", "rate", 2),)

    def test_what_got_lost_is_asked_for_again(self) -> None:
        asked = Asked()
        asked.at(10)
        assert asked.at(19).measures == ()
        assert asked.at(20).measures == (Measure("step-1", "rate", 1),)

    def test_a_delay_is_waited_for(self) -> None:
        asked = Asked(replace(RATE, initial_delay_seconds=30))
        asked.at(0)
        assert asked.at(29).measures == ()
        assert asked.at(30).measures != ()

    @given(st.lists(st.integers(0, 120), max_size=25))
    @settings(max_examples=100, deadline=None)
    def test_however_often_it_is_looked_at_each_is_asked_for_once_in_ten_seconds(self, looks: list[int]) -> None:
        asked = Asked()
        times: dict[int, list[int]] = {}
        for seconds in sorted(looks):
            for one in asked.at(seconds).measures:
                times.setdefault(one.number, []).append(seconds)
        assert set(times) <= {1}
        for when in times.values():
            assert all(later - sooner >= 10 for sooner, later in pairwise(when))


class TestStep:
    def test_it_passes_at_its_count(self) -> None:
        asked = Asked()
        asked.rows = [row(n, "Successful", 10 * n) for n in (1, 2, 3)]
        verdict = asked.at(31)
        assert (verdict.status, verdict.measures, verdict.next_at) == ("passed", (), None)

    def test_one_template_that_fails_is_enough(self) -> None:
        asked = Asked(RATE, replace(RATE, name="other"))
        asked.rows = [row(n, "Successful", 10 * n) for n in (1, 2, 3)]
        assert asked.at(31).status == "running"
        asked.rows += [row(n, "Failed", 10 * n, name="other", words="0, and …") for n in (1, 2)]
        verdict = asked.at(32)
        assert (verdict.status, verdict.template) == ("failed", "other")
        assert verdict.evidence["words"] == "0, and …"

    def test_a_dry_run_never_decides(self) -> None:
        asked = Asked(RATE, replace(RATE, name="tried", dry_run=True))
        asked.rows = [row(n, "Failed", 10 * n, name="tried") for n in (1, 2)]
        assert asked.at(21).status == "running"
        asked.rows += [row(n, "Successful", 10 * n) for n in (1, 2, 3)]
        assert asked.at(31).status == "passed"

    def test_nothing_but_dry_runs_passes_once_they_are_measured(self) -> None:
        asked = Asked(replace(RATE, dry_run=True))
        assert asked.at(10).status == "running"
        asked.rows = [row(n, "Failed", 10 * n) for n in (1, 2)]
        assert asked.at(21).status == "passed"

    def test_a_template_that_is_gone_asks_a_person(self) -> None:
        asked = Asked()
        asked.spec = replace(asked.spec, templates={})
        assert asked.at(10).status == "inconclusive"

    def test_accepted_is_passed_and_anew_has_a_new_name(self) -> None:
        asked = Asked()
        asked.rows = [row(n, "Inconclusive", 10 * n) for n in (1, 2, 3, 4)]
        assert asked.at(41).status == "inconclusive"
        undecided = asked.state

        asked.state = analysis.anew(undecided, "step-1", at(50))
        assert asked.at(50).measures == (Measure("step-1.2", "rate", 1),)

        asked.state = analysis.accept(undecided, "step-1", "dora", at(50))
        assert asked.at(51).status == "passed"


class TestBackground:
    def test_it_begins_with_the_first_weight(self) -> None:
        one = spec(background=True)
        state, verdict = analysis.background(one, State(), Seen(), NOW)
        assert (state.runs, verdict.measures, verdict.next_at) == ({}, (), None)
        state, verdict = analysis.background(one, State(weight=10, weight_since=NOW), Seen(), at(10))
        assert verdict.measures == (Measure("background", "rate", 1),)

    def test_while_a_weight_is_on_its_way_nothing_is_measured_but_what_was_counts(self) -> None:
        one = spec(background=True)
        state, _ = analysis.background(one, State(weight=10, weight_since=NOW), Seen(), at(10))
        moving = state.but(weight=50, weight_since=None)
        assert analysis.background(one, moving, Seen(), at(60))[1] == analysis.Verdict("running")
        rows = tuple(row(n, "Failed", 10 * n, run="background") for n in (1, 2))
        assert analysis.background(one, moving, Seen(measurements=rows), at(60))[1].status == "failed"

    def test_a_failure_is_told(self) -> None:
        one, state = spec(background=True), State(weight=10, weight_since=NOW)
        rows = tuple(row(n, "Failed", 10 * n, run="background") for n in (1, 2))
        assert analysis.background(one, state, Seen(measurements=rows), at(21))[1].status == "failed"

    def test_taking_over_wants_a_success_that_saw_the_last_weight(self) -> None:
        one = spec(background=True)
        state = State(weight=50, weight_since=at(100))

        def enough(*rows: Measurement) -> bool:
            return analysis.enough_for_taking_over(one, state, Seen(measurements=rows))

        assert not enough()
        assert not enough(row(1, "Successful", 105, run="background"))  # looks back to 95
        assert enough(row(1, "Successful", 110, run="background"))
        assert not enough(row(1, "Successful", 110, run="background"), row(2, "Inconclusive", 120, run="background"))
        assert not enough(row(1, "Failed", 110, run="background"))
        assert not enough(row(1, "Error", 110, run="background"))
        assert analysis.enough_for_taking_over(spec(), state, Seen())

    def test_accepting_it_is_enough_for_this_weight_only(self) -> None:
        one = spec(background=True)
        state = analysis.accept(State(weight=50, weight_since=at(100)), "background", "dora", at(120))
        assert analysis.enough_for_taking_over(one, state, Seen())
        assert analysis.run_name(state, "background") == "background.2"
        assert not analysis.enough_for_taking_over(one, state.but(weight_since=at(130)), Seen())


def test_a_decision_asks_for_the_measurements_and_wakes_in_time() -> None:
    verdict = analysis.Verdict("running", (Measure("background", "rate", 1),), at(5))
    decision = analysis.with_verdict(Decision(State(phase="Paused"), wake_at=at(60)), verdict)
    assert (decision.measures, decision.wake_at) == (verdict.measures, at(5))
    ended = Decision(State(phase="Failed"))
    assert analysis.with_verdict(ended, verdict) == ended
