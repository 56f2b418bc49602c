"""What a measurement says, and what measurements say together: worked numbers, then any order of them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.engine.judge import (
    AGAINST_STABLE,
    could_not_measure,
    judge_background,
    judge_counts,
    judge_run,
    judge_value,
)
from deployments.engine.proportions import Share, difference, wilson, z_for_look
from deployments.engine.seen import Measurement
from deployments.engine.strategies import AnalysisTemplate

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
RATE = AnalysisTemplate("success-rate", query="q", success="result >= 0.99", count=3, failure_limit=1)
LETTERS = {"S": "Successful", "F": "Failed", "I": "Inconclusive", "E": "Error", "i": "Inconclusive"}


def run_of(letters: str) -> list[Measurement]:
    """One measurement a letter: S, F, I, E; i is an Inconclusive of a weight that is too young."""
    return [
        Measurement("step-1", "t", number, NOW + timedelta(seconds=number), LETTERS[letter], early=letter == "i")
        for number, letter in enumerate(letters, 1)
    ]


class TestOneMeasurement:
    def test_a_value_is_held_against_the_success_condition(self) -> None:
        assert judge_value(RATE, 0.99, None).status == "Successful"
        assert judge_value(RATE, 0.9899, None).status == "Failed"

    @pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
    def test_what_is_no_number_is_never_a_success(self, value: float | None) -> None:
        anything = replace(RATE, success="result == result")
        assert judge_value(anything, value, None).status == "Inconclusive"

    @pytest.mark.parametrize("samples", [None, 0, 19, math.nan])
    def test_too_few_samples_are_inconclusive(self, samples: float | None) -> None:
        assert judge_value(replace(RATE, min_samples=20), 1.0, samples).status == "Inconclusive"
        assert judge_value(replace(RATE, min_samples=20), 1.0, 20).status == "Successful"

    @pytest.mark.parametrize(("value", "status"), [(0.9, "Failed"), (0.97, "Inconclusive"), (0.99, "Successful")])
    def test_between_success_and_failure_nothing_is_said(self, value: float, status: str) -> None:
        both = replace(RATE, failure="result < 0.95")
        assert judge_value(both, value, None).status == status

    def test_failure_outranks_success(self) -> None:
        assert judge_value(replace(RATE, success="result > 0", failure="result > 1"), 2, None).status == "Failed"

    def test_failure_alone_makes_all_else_a_success(self) -> None:
        only = replace(RATE, success="", failure="result > 3")
        assert judge_value(only, 1, None).status == "Successful"
        assert judge_value(only, 4, None).status == "Failed"

    def test_no_answer_is_an_error(self) -> None:
        assert could_not_measure("refused").status == "Error"


class TestShares:
    def test_newcombes_own_example(self) -> None:
        """56/70 against 48/80: +0.2000, from 0.0524 to 0.3339 (Newcombe 1998, table II, method 10)."""
        found = difference(Share(56, 70), Share(48, 80), 1.959964)
        assert found.value == pytest.approx(0.2)
        assert (found.lower, found.upper) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))

    def test_newcombes_example_with_none(self) -> None:
        """10/10 against 0/20: from 0.6791 to 1 (the same table)."""
        found = difference(Share(10, 10), Share(0, 20), 1.959964)
        assert (found.lower, found.upper) == (pytest.approx(0.6791, abs=5e-5), pytest.approx(1.0))

    def test_wilsons_interval_of_none_in_ten(self) -> None:
        low, high = wilson(Share(0, 10), 1.959964)
        assert (low, high) == (0.0, pytest.approx(0.2775, abs=5e-5))

    def test_z_rises_with_the_looks(self) -> None:
        assert z_for_look(1, 1) == pytest.approx(1.96, abs=5e-3)
        assert z_for_look(3, 5) == pytest.approx(2.576, abs=5e-4)  # alpha 0.01 of each of five looks
        assert z_for_look(1, None) == pytest.approx(2.241, abs=5e-4)
        assert z_for_look(9, None) > z_for_look(2, None) > z_for_look(1, None)

    @given(
        st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        st.integers(1, 50),
    )
    @settings(max_examples=200, deadline=None)
    def test_the_interval_holds_the_difference(self, new: tuple[int, int], old: tuple[int, int], look: int) -> None:
        found = difference(Share(*new), Share(*old), z_for_look(look, None))
        assert -1 - 1e-9 <= found.lower <= found.value + 1e-9
        assert found.value - 1e-9 <= found.upper <= 1 + 1e-9


class TestAgainstStable:
    TEMPLATE = AnalysisTemplate(AGAINST_STABLE, compare=AGAINST_STABLE, count=5, min_samples=50)

    def test_surely_worse_fails(self) -> None:
        judged = judge_counts(self.TEMPLATE, Share(30, 150), Share(3, 1500), 1, 5)
        assert judged.status == "Failed"
        assert judged.value == pytest.approx(0.198)

    def test_surely_within_the_margin_passes(self) -> None:
        assert judge_counts(self.TEMPLATE, Share(4, 2000), Share(40, 20_000), 1, 5).status == "Successful"

    def test_few_requests_tell_nothing(self) -> None:
        assert judge_counts(self.TEMPLATE, Share(1, 60), Share(3, 1500), 1, 5).status == "Inconclusive"
        assert judge_counts(self.TEMPLATE, Share(0, 49), Share(3, 1500), 1, 5).status == "Inconclusive"
        assert judge_counts(self.TEMPLATE, Share(10, 100), Share(0, 0), 1, 5).status == "Inconclusive"

    def test_counts_that_cannot_be_are_inconclusive(self) -> None:
        for new in (Share(math.nan, 100), Share(5, math.inf), Share(200, 100), Share(-1, 100)):
            assert judge_counts(self.TEMPLATE, new, Share(3, 1500), 1, 5).status == "Inconclusive"

    def test_one_bad_look_is_not_enough(self) -> None:
        assert judge_run(self.TEMPLATE, run_of("F"), 5).status == "running"
        assert judge_run(self.TEMPLATE, run_of("FSF"), 5).status == "running"
        assert judge_run(self.TEMPLATE, run_of("SFF"), 5).status == "failed"


class TestRun:
    @pytest.mark.parametrize(
        ("letters", "status"),
        [
            ("", "running"),
            ("SS", "running"),
            ("SSS", "passed"),
            ("SFS", "passed"),
            ("SSF", "running"),  # the last is to be Successful
            ("SSFS", "passed"),
            ("FF", "failed"),
            ("SSFF", "failed"),
            ("SISIS", "passed"),
            ("IIII", "inconclusive"),
            ("SSIIII", "inconclusive"),
            ("iiiiiSSS", "passed"),
            ("SSI", "running"),
            ("EEE", "running"),
            ("EEEE", "inconclusive"),
            ("EEESEEES", "running"),
            ("EEESEEESS", "passed"),
        ],
    )
    def test_what_a_run_comes_to(self, letters: str, status: str) -> None:
        assert judge_run(RATE, run_of(letters), 3).status == status

    def test_errors_abort_where_the_template_says_so(self) -> None:
        assert judge_run(replace(RATE, on_error="abort"), run_of("EEEE"), 3).status == "failed"

    def test_what_decided_is_the_evidence(self) -> None:
        verdict = judge_run(RATE, run_of("SFF"), 3)
        assert verdict.evidence["number"] == 3
        assert verdict.sentence is not None
        assert verdict.sentence.code == "analysis_failed_because"

    @given(st.text("SFIEi", max_size=15), st.randoms(use_true_random=False), st.data())
    @settings(max_examples=300, deadline=None)
    def test_order_and_repeats_change_nothing(self, letters: str, random: object, data: st.DataObject) -> None:
        rows = run_of(letters)
        again = data.draw(st.lists(st.sampled_from(rows), max_size=5)) if rows else []
        shuffled = data.draw(st.permutations([*rows, *again]))
        assert judge_run(RATE, shuffled, 3) == judge_run(RATE, rows, 3)

    @given(st.text("SFIEi", max_size=12), st.text("SFIEi", max_size=6))
    @settings(max_examples=300, deadline=None)
    def test_a_verdict_stands(self, letters: str, later: str) -> None:
        verdict = judge_run(RATE, run_of(letters), 3)
        if verdict.status != "running":
            assert judge_run(RATE, run_of(letters + later), 3) == verdict

    @given(st.text("SFIEi", min_size=1, max_size=12), st.data())
    @settings(max_examples=300, deadline=None)
    def test_behind_a_gap_nothing_counts(self, letters: str, data: st.DataObject) -> None:
        rows = run_of(letters)
        missing = data.draw(st.integers(1, len(rows)))
        with_gap = [row for row in rows if row.number != missing]
        verdict = judge_run(RATE, with_gap, 3)
        assert verdict == judge_run(RATE, rows[: missing - 1], 3)
        if verdict.status == "running":
            assert verdict.next_number == missing

    @given(st.text("SFIEi", max_size=15))
    @settings(max_examples=300, deadline=None)
    def test_it_never_passes_on_less_than_was_asked(self, letters: str) -> None:
        verdict = judge_run(RATE, run_of(letters), 3)
        if verdict.status == "passed":
            assert sum(letter in "SF" for letter in letters) >= 3
            assert verdict.last is not None
            assert verdict.last.status == "Successful"


class TestBackground:
    @pytest.mark.parametrize(
        ("letters", "status"),
        [
            ("", "running"),
            ("S" * 50, "running"),
            ("FSSFS", "running"),  # never two of three
            ("SSFSF", "failed"),
            ("ISISISISIS", "running"),  # not in a row
            ("SIIII", "inconclusive"),
            ("SEEEE", "inconclusive"),
            ("EEESEEES", "running"),
        ],
    )
    def test_limits_hold_for_what_is_recent(self, letters: str, status: str) -> None:
        assert judge_background(RATE, run_of(letters), 3).status == status

    def test_the_newest_alone_tell_as_much(self) -> None:
        rows = run_of("SSSSSSSSFSF")
        assert judge_background(RATE, rows[-5:], 3) == judge_background(RATE, rows, 3)
        assert judge_background(RATE, rows[:-1], 3).next_number == 11

    def test_two_bad_looks_in_a_row_fail_a_comparison(self) -> None:
        template = TestAgainstStable.TEMPLATE
        assert judge_background(template, run_of("SSFSF"), 5).status == "running"
        assert judge_background(template, run_of("SSSFF"), 5).status == "failed"
