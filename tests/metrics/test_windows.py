"""Which time is shown and how densely."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.windows import MOST_POINTS, RANGES, page_window, window_around, window_between, window_for
from web.errors import BadParameter

NOW = datetime(2026, 11, 24, 22, 50, 7, tzinfo=UTC)


@pytest.mark.parametrize("name", RANGES)
def test_every_range_of_a_page_is_dense_and_bounded(name: str) -> None:
    window = page_window(name, now=NOW)
    assert 150 < window.points <= MOST_POINTS
    assert window.end % window.step == 0
    assert window.name == name


def test_points_stay_where_they_are_until_the_next_one_is_due() -> None:
    one, later = window_for("1h", now=NOW), window_for("1h", now=NOW + timedelta(seconds=7))
    assert one == later


@pytest.mark.parametrize("word", ["", "2h", "yesterday", "1h'"])
def test_a_page_takes_the_default_for_a_word_it_does_not_offer(word: str) -> None:
    assert page_window(word, now=NOW).name == "1h"


@given(seconds=st.integers(1, 31 * 86400))
def test_no_time_gives_more_points_than_allowed(seconds: int) -> None:
    assert window_for(f"{seconds}s", now=NOW).points <= MOST_POINTS


def test_between_two_times_in_either_spelling() -> None:
    by_seconds = window_between("1795560000", "1795563600", "60")
    by_words = window_between("2026-11-24T22:40:00Z", "2026-11-24T23:40:00+00:00", "1m")
    assert by_seconds == by_words
    assert by_seconds.points == 61


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [("x", "", ""), ("", "2026-13-01", ""), ("20", "10", ""), ("0", "9999999999", ""), ("", "", "1"), ("", "", "-5")],
)
def test_what_cannot_be_shown_is_refused(start: str, end: str, step: str) -> None:
    with pytest.raises(BadParameter):
        window_between(start, end, step, now=NOW)


def test_around_a_release_some_time_before_and_after_is_shown() -> None:
    began, ended = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    window = window_around(began, ended, now=NOW)
    assert window.starts < began - timedelta(minutes=10)
    assert ended + timedelta(minutes=10) < window.ends <= NOW
    assert window_around(began, None, now=NOW).ends <= NOW
