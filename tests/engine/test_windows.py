"""Freeze windows hold when the clock on the wall of their zone says so, over midnight and on days it is changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.engine.windows import next_window, warnings_at, window_at

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def weekly(days: str, begins: str, ends: str, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    return {
        "name": "w",
        "mode": "block",
        "weekdays": days.split(),
        "from": begins,
        "to": ends,
        "time_zone": zone,
    } | more


def once(starts: str, ends: str, **more: Any) -> dict[str, Any]:
    return {"name": "w", "mode": "block", "starts": starts, "ends": ends} | more


class TestOnce:
    window = once("2027-01-01T08:00:00+01:00", "2027-01-01T10:00:00+01:00", override_role="maintainer")

    @pytest.mark.parametrize(
        ("now", "holds"),
        [
            ("2027-01-01T06:59:59+00:00", False),
            ("2027-01-01T07:00:00+00:00", True),
            ("2027-01-01T08:59:59+00:00", True),
            ("2027-01-01T09:00:00+00:00", False),
        ],
    )
    def test_it_holds_from_its_start_until_just_before_its_end(self, now: str, holds: bool) -> None:
        assert bool(window_at([self.window], at(now))) is holds

    def test_it_says_until_when_and_who_may_override(self) -> None:
        found = window_at([self.window], at("2027-01-01T08:00:00+00:00"))
        assert found and found.until == at("2027-01-01T09:00:00+00:00")
        assert (found.name, found.override_role) == ("w", "maintainer")


class TestWeekly:
    def test_one_over_midnight_holds_on_the_next_day_that_it_does_not_name(self) -> None:
        night = weekly("fri", "22:00", "06:00")
        assert not window_at([night], at("2027-01-01T21:59:59+00:00"))  # a Friday
        assert window_at([night], at("2027-01-02T05:59:59+00:00"))
        assert not window_at([night], at("2027-01-02T06:00:00+00:00"))
        assert not window_at([night], at("2027-01-01T05:00:00+00:00"))

    def test_equal_edges_are_a_whole_day(self) -> None:
        sunday = weekly("sun", "00:00", "00:00")
        assert window_at([sunday], at("2027-01-03T00:00:00+00:00"))
        found = window_at([sunday], at("2027-01-03T23:59:59+00:00"))
        assert found and found.until == at("2027-01-04T00:00:00+00:00")

    def test_it_goes_by_the_zone_of_the_rule(self) -> None:
        tokyo = weekly("mon", "09:00", "10:00", "Asia/Tokyo")
        assert window_at([tokyo], at("2027-01-04T00:30:00+00:00"))
        assert not window_at([tokyo], at("2027-01-04T09:30:00+00:00"))

    def test_days_without_a_gap_count_as_one(self) -> None:
        found = window_at([weekly("sat sun", "00:00", "00:00")], at("2027-01-02T12:00:00+00:00"))
        assert found and found.until == at("2027-01-04T00:00:00+00:00")

    def test_one_that_never_ends_is_told_with_the_end_of_a_week_or_so(self) -> None:
        now = at("2027-01-02T12:00:00+00:00")
        found = window_at([weekly("mon tue wed thu fri sat sun", "00:00", "00:00")], now)
        assert found and timedelta(days=7) <= found.until - now <= timedelta(days=10)


class TestTheClockIsChanged:
    """Berlin puts its clock from 02:00 to 03:00 on 2027-03-28 and from 03:00 to 02:00 on 2027-10-31, at 01:00 UTC."""

    def test_an_edge_that_the_day_leaves_out_is_the_moment_of_the_jump(self) -> None:
        from_gap = weekly("sun", "02:30", "05:00", BERLIN)
        assert not window_at([from_gap], at("2027-03-28T00:59:59+00:00"))
        assert window_at([from_gap], at("2027-03-28T01:00:00+00:00"))
        to_gap = weekly("sun", "01:00", "02:30", BERLIN)
        found = window_at([to_gap], at("2027-03-28T00:30:00+00:00"))
        assert found and found.until == at("2027-03-28T01:00:00+00:00")

    def test_an_hour_that_comes_twice_is_frozen_both_times(self) -> None:
        window = weekly("sun", "02:00", "02:30", BERLIN)
        found = window_at([window], at("2027-10-31T00:00:00+00:00"))
        assert found and found.until == at("2027-10-31T01:30:00+00:00")
        assert window_at([window], at("2027-10-31T01:29:59+00:00"))

    def test_a_night_over_the_change_ends_when_the_clock_says_so(self) -> None:
        spring = window_at([weekly("sat", "22:00", "06:00", BERLIN)], at("2027-03-27T22:00:00+00:00"))
        autumn = window_at([weekly("sat", "22:00", "06:00", BERLIN)], at("2027-10-30T22:00:00+00:00"))
        assert spring and spring.until == at("2027-03-28T04:00:00+00:00")
        assert autumn and autumn.until == at("2027-10-31T05:00:00+00:00")


class TestSeveral:
    def test_one_that_blocks_beats_one_that_warns(self) -> None:
        both = [weekly("mon", "09:00", "17:00", mode="warn"), weekly("mon", "10:00", "11:00", name="block")]
        now = at("2027-01-04T10:30:00+00:00")
        found = window_at(both, now)
        assert found and found.name == "block"
        assert [one.name for one in warnings_at(both, now)] == ["w"]
        assert window_at(both, at("2027-01-04T12:00:00+00:00")) is None

    def test_the_one_that_ends_last_is_named_and_what_follows_it_counts(self) -> None:
        three = [
            once("2027-01-01T08:00:00+00:00", "2027-01-01T10:00:00+00:00", name="short"),
            once("2027-01-01T09:00:00+00:00", "2027-01-01T12:00:00+00:00", name="long"),
            once("2027-01-01T12:00:00+00:00", "2027-01-01T13:00:00+00:00", name="after"),
        ]
        found = window_at(three, at("2027-01-01T09:30:00+00:00"))
        assert found and (found.name, found.until) == ("long", at("2027-01-01T13:00:00+00:00"))

    def test_the_next_to_come_is_found_within_the_days_asked_for(self) -> None:
        window = weekly("fri", "16:00", "18:00")
        coming = next_window([window], at("2027-01-04T00:00:00+00:00"))
        assert coming and coming.starts == at("2027-01-08T16:00:00+00:00")
        assert next_window([window], at("2027-01-04T00:00:00+00:00"), timedelta(days=1)) is None


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from([BERLIN, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    begins=st.times(min_value=datetime(2027, 1, 1, 0, 1).time()),  # noqa: DTZ001
    ends=st.times(),
    now=st.datetimes(min_value=datetime(2027, 1, 1), max_value=datetime(2028, 12, 31)),  # noqa: DTZ001
)
def test_nothing_blocks_any_more_at_the_end_that_is_told(zone: str, begins: Any, ends: Any, now: datetime) -> None:
    from datetime import UTC

    window = weekly("mon wed sun", f"{begins:%H:%M}", f"{ends:%H:%M}", zone)
    moment = now.replace(tzinfo=UTC)
    found = window_at([window], moment)
    if found:
        assert found.until > moment
        assert window_at([window], found.until) is None
        assert window_at([window], found.until - timedelta(microseconds=1))
