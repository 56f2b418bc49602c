"""Keys of upper rooms are fired when they come due, once, and one that fails disturbs no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from clusters.observe import timers
from clusters.observe.timers import TimerThreads, register
from tests.conftest import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the timers of the test; those of the rooms stay out of it."""
    monkeypatch.setattr(timers, "_timers", {})


@pytest.fixture
def run() -> Iterator[Callable[[], None]]:
    threads = TimerThreads()
    yield threads.start
    threads.stop()


def in_(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_key_is_fired_at_its_time_and_once(run):
    fired: list[tuple[float, str]] = []
    at = in_(1.0)
    register("releases", lambda: [(at, "r1")], lambda keys: fired.extend((time.time(), key) for key in keys))
    run()
    until(lambda: fired)
    late = fired[0][0] - at.timestamp()
    assert -0.005 < late < 0.1  # 20 ms on an idle machine; the tests share theirs
    time.sleep(2 * timers.ASK_EVERY_SECONDS)  # it is still told as due, and was fired
    assert [key for _, key in fired] == ["r1"]


def test_a_key_is_fired_again_for_another_time(run):
    fired: list[str] = []
    times = [in_(0.0)]
    register("releases", lambda: [(times[-1], "r1")], fired.extend)
    run()
    until(lambda: fired == ["r1"])
    times.append(in_(0.1))
    until(lambda: fired == ["r1", "r1"])


def test_what_is_due_together_is_fired_together(run):
    fired: list[list[str]] = []
    at = in_(0.6)
    register("releases", lambda: [(at, "r1"), (at, "r2")], fired.append)
    run()
    until(lambda: fired)
    assert [sorted(keys) for keys in fired] == [["r1", "r2"]]


def test_a_timer_that_fails_disturbs_no_other(run):
    fired: list[str] = []

    def broken() -> list[tuple[datetime, str]]:
        raise RuntimeError("no")

    def refuse(keys: list[str]) -> None:
        raise RuntimeError("no")

    at = in_(0.2)
    register("broken", broken, fired.extend)
    register("refusing", lambda: [(at, "x")], refuse)
    register("good", lambda: [(in_(0.0), "good")], fired.extend)
    run()
    until(lambda: len(fired) >= 2)
    assert set(fired) == {"good"}
