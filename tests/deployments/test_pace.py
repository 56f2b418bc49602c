"""How often the watcher wakes a release: at once, later when it was woken a moment ago, and each in the end."""

from __future__ import annotations

import threading
import time
from uuid import UUID, uuid4

from deployments.pace import LATER_LOOKS_A_SECOND, LONGEST_SECONDS, LOOKS_A_SECOND, LOOKS_A_SECOND_OF_ONE, Pace


class Woken:
    """What was woken, in order; tests wait for it."""

    def __init__(self) -> None:
        self.times: list[tuple[UUID, float]] = []
        self._changed = threading.Condition()

    def __call__(self, *release_ids: UUID) -> None:
        with self._changed:
            self.times += [(one, time.monotonic()) for one in release_ids]
            self._changed.notify_all()

    def until(self, count: int) -> list[tuple[UUID, float]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.times) >= count, timeout=10), self.times
            return list(self.times)


def test_a_release_that_was_left_in_peace_is_woken_in_the_callers_thread() -> None:
    woken, one = Woken(), uuid4()
    Pace(woken).wake([one])
    assert [found for found, _at in woken.times] == [one]


def test_what_changes_all_the_time_is_woken_in_turn_and_not_forgotten() -> None:
    woken, one = Woken(), uuid4()
    pace = Pace(woken)
    for _change in range(50):
        pace.wake([one])
    (_, first), (_, second) = woken.until(2)
    assert second - first >= 1 / LOOKS_A_SECOND_OF_ONE
    assert len(woken.times) == 2, "what had changed before the second look is not looked at a third time"


def test_a_crowd_shares_the_looks_that_there_are() -> None:
    woken, crowd = Woken(), [uuid4() for _ in range(LOOKS_A_SECOND)]
    pace = Pace(woken)
    pace.wake(crowd)
    pace.wake(crowd)
    times = woken.until(2 * len(crowd))
    assert [one for one, _at in times[: len(crowd)]] == crowd
    assert sorted(one for one, _at in times[len(crowd) :]) == sorted(crowd)
    assert times[len(crowd)][1] - times[0][1] >= len(crowd) / LOOKS_A_SECOND
    assert len(crowd) / LOOKS_A_SECOND <= LONGEST_SECONDS


def test_what_may_be_put_off_is_put_off_for_longer_in_a_crowd() -> None:
    woken, crowd = Woken(), [uuid4() for _ in range(2 * LATER_LOOKS_A_SECOND)]
    pace = Pace(woken)
    pace.wake_later(crowd[:1], 0.1)
    (_, alone), *_more = woken.until(1)
    pace.wake(crowd, at_once=True)
    began = time.monotonic()
    pace.wake_later(crowd, 0.1)
    times = woken.until(1 + 2 * len(crowd))
    assert alone - began < 0.1
    assert times[-1][1] - began >= len(crowd) / LATER_LOOKS_A_SECOND


def test_what_is_urgent_waits_for_no_crowd() -> None:
    woken, crowd = Woken(), [uuid4() for _ in range(LOOKS_A_SECOND)]
    pace = Pace(woken)
    pace.wake(crowd)
    pace.wake(crowd)
    pace.wake(crowd[-1:], at_once=True)
    again = woken.until(len(crowd) + 1)[-1]
    assert again[0] == crowd[-1]
    assert again[1] - woken.times[0][1] < len(crowd) / LOOKS_A_SECOND


def test_one_release_is_not_held_up_by_another_that_was_just_woken() -> None:
    woken, one, other = Woken(), uuid4(), uuid4()
    pace = Pace(woken)
    pace.wake([one])
    pace.wake([other])
    assert [found for found, _at in woken.times] == [one, other]


def test_a_wake_up_that_failed_later_stops_no_other() -> None:
    woken, one = Woken(), uuid4()

    def fails_once(*release_ids: UUID) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the database does not answer")
        woken(*release_ids)

    calls: list[int] = []
    pace = Pace(fails_once)
    pace.wake([one])
    pace.wake([one])
    deadline = time.monotonic() + 10
    while len(calls) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    pace.wake([one])
    assert [found for found, _at in woken.until(2)] == [one, one]
