"""Conditions on a result: what they mean, and that nothing else gets through."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.engine.conditions import ConditionInvalid, check, holds, thresholds


@pytest.mark.parametrize(
    ("condition", "true_of", "false_of"),
    [
        ("result >= 0.99", 0.99, 0.989),
        ("result < 0.5", 0.4, 0.5),
        ("0.1 <= result < 0.5", 0.1, 0.5),
        ("result > 1 and result < 2", 1.5, 2.5),
        ("result < 1 or result > 2", 3, 1.5),
        ("not result > 1", 1, 1.1),
        ("result * 100 <= 14.4 / 2", 0.07, 0.08),
        ("result == 0", 0, 1),
        ("result != 0", 1, 0),
        ("result > -1", 0, -1),
        ("1 / result > 2", 0.4, 0),
        ("(result > 1 or result < -1) and result != 5", 2, 5),
    ],
)
def test_what_a_condition_means(condition: str, true_of: float, false_of: float) -> None:
    assert holds(condition, true_of)
    assert not holds(condition, false_of)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_a_condition"),
        ("result >", "not_a_condition"),
        ("result >= 0.99; import os", "not_a_condition"),
        ("result", "not_allowed"),
        ("1 < 2", "no_result"),
        ("result > 1 and result", "not_allowed"),
        ("result > 1 or __import__('os').system('true')", "not_allowed"),
        ("result.real > 1", "not_allowed"),
        ("abs(result) > 1", "not_allowed"),
        ("value > 1", "not_allowed"),
        ("result > 'a'", "not_allowed"),
        ("result > True", "not_allowed"),
        ("result ** 9999999 > 1", "not_allowed"),
        ("result in (1, 2)", "not_allowed"),
        ("result is 1", "not_allowed"),
        ("(result := 1) > 0", "not_allowed"),
        ("[result for result in 1] > 1", "not_allowed"),
        ("result if result > 1 else 1", "not_allowed"),
        ("0 > result > value", "not_allowed"),
        ("(" * 199, "not_a_condition"),
        ("not " * 49 + "1", "not_allowed"),
        ("result > " + "1" * 200, "too_long"),
        ("result > 1\x00", "not_a_condition"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, code: str) -> None:
    with pytest.raises(ConditionInvalid) as refused:
        check(text)
    assert refused.value.code == code


def test_the_threshold_is_found_for_the_chart() -> None:
    assert thresholds("result >= 0.99") == ((">=", 0.99),)
    assert thresholds("0.5 > result") == (("<", 0.5),)
    assert thresholds("0.1 <= result < 0.5") == ((">=", 0.1), ("<", 0.5))
    assert thresholds("result * 2 > 1") == ()


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        check(text)
    except ConditionInvalid:
        return
    assert holds(text, 1.0) in (True, False)
