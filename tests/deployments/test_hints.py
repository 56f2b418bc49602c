"""A crowd of releases is woken by few messages: who has seen to one goes on with the next that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest
from django.conf import settings

from accounts.models import User
from deployments import lease, tick
from deployments.attending import is_attended, stand_by_until
from deployments.lease import Held
from deployments.models import Release
from deployments.tick import tick_those_that_wait
from deployments.turns import HANGS_AFTER_SECONDS, Turns
from deployments.wake import ENOUGH_WAIT, LONG_SECONDS, due, enqueue, sweep, wake
from durable.clock import DbNow, database_time
from tests.factories.services import new_service, new_target

MANY = ENOUGH_WAIT * 3
T = TypeVar("T")


@pytest.fixture
def crowd(developer: User, valkey: object) -> list[Release]:
    """Releases that nobody has looked at yet."""
    target = new_target(new_service("web", developer.memberships.get().team), "dev")
    return [
        Release.objects.create(
            target=target, number=number, created_by=developer, wake_at=database_time(), holding=False
        )
        for number in range(MANY)
    ]


@pytest.fixture
def ticked(monkeypatch: pytest.MonkeyPatch) -> list[Held]:
    """What is ticked, of which nothing more becomes."""
    seen: list[Held] = []

    def give_back(held: Held) -> None:
        seen.append(held)
        lease.give_back(held, seen_wake_seq=held.wake_seq)

    monkeypatch.setattr(tick, "_go_on", give_back)
    return seen


def test_a_crowd_is_woken_by_few_messages_and_all_are_seen_to(
    crowd: list[Release], hints: list[str], ticked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "GO_ON_SECONDS", 60)
    wake(*(release.pk for release in crowd))
    assert len(hints) == ENOUGH_WAIT

    tick_those_that_wait()

    assert {held.release_id for held in ticked} == {release.pk for release in crowd}
    assert lease.take_waiting() is None


def test_who_waits_behind_enough_others_needs_no_message(crowd: list[Release], hints: list[str]) -> None:
    first, *_, last = crowd
    for release in crowd:
        wake(release.pk)
        Release.objects.filter(pk=release.pk).update(queued_at=DbNow(-0.1))

    assert len(hints) == ENOUGH_WAIT

    for release in crowd[:-ENOUGH_WAIT]:
        held = lease.take_waiting()
        assert held is not None and held.release_id == release.pk
    wake(first.pk)
    assert len(hints) == ENOUGH_WAIT, "those that are left wait before it"
    assert str(last.pk) not in hints


def test_who_has_waited_longest_is_next(crowd: list[Release], hints: list[str]) -> None:
    enqueue([crowd[0].pk, crowd[1].pk])
    Release.objects.filter(pk=crowd[1].pk).update(queued_at=DbNow(-10))
    enqueue([crowd[1].pk])

    taken = [lease.take_waiting(), lease.take_waiting(), lease.take_waiting()]

    assert [held and held.release_id for held in taken] == [crowd[1].pk, crowd[0].pk, None]


def test_who_stops_before_all_are_seen_to_sends_another(
    crowd: list[Release], hints: list[str], ticked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    wake(*(release.pk for release in crowd))
    hints.clear()
    monkeypatch.setattr(tick, "GO_ON_SECONDS", 0)

    tick_those_that_wait()

    assert len(hints) == 1


def test_a_tick_that_fails_leaves_the_others_to_somebody(
    crowd: list[Release], hints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wake(*(release.pk for release in crowd))
    hints.clear()

    def fail(_held: Held) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tick, "_go_on", fail)

    with pytest.raises(ZeroDivisionError):
        tick_those_that_wait()

    assert len(hints) == 1


def test_those_whose_message_died_with_a_worker_are_seen_to_a_second_later(
    crowd: list[Release], hints: list[str]
) -> None:
    Release.objects.update(wake_at=DbNow(60))
    wake(*(release.pk for release in crowd))
    Release.objects.update(wake_at=DbNow(60), queued_at=DbNow(-LONG_SECONDS - 0.01))
    hints.clear()

    sweep()

    assert len(hints) == ENOUGH_WAIT


def test_one_that_came_in_vain_is_told_of_when_a_turn_ends(
    crowd: list[Release], hints: list[str], ticked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What begins to wait after the last look, while the turn is still taken."""
    turns = Turns(at_once=1)
    monkeypatch.setattr(tick, "_turns", turns)
    monkeypatch.setattr(tick, "stand_by_until", lambda _somebody_waits: False)
    look = lease.take_waiting

    def find_nobody_then_somebody_comes() -> Held | None:
        held = look()
        if held is None and not hints:
            wake(crowd[0].pk)
            with threads(1) as [in_thread]:
                in_thread(tick_those_that_wait)
        return held

    monkeypatch.setattr(lease, "take_waiting", find_nobody_then_somebody_comes)

    tick_those_that_wait()

    assert not ticked
    assert hints == [str(crowd[0].pk)] * 2


def test_few_threads_tick_at_once_and_those_that_hang_take_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, now = Turns(at_once=2), [0.0]
    monkeypatch.setattr("deployments.turns.time.monotonic", lambda: now[0])
    with threads(6) as each:
        assert [in_thread(turns.take) for in_thread in each[:3]] == [True, True, False]

        now[0] = HANGS_AFTER_SECONDS

        assert [in_thread(turns.take) for in_thread in each[3:]] == [True, True, False]


def test_while_a_thread_stands_by_a_wake_up_needs_no_message(
    crowd: list[Release], hints: list[str], ticked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ticks the first itself, and sends for somebody to see to the others meanwhile."""
    looks, look = count(), tick.is_anybody_waiting

    def several_are_woken_at_the_third_look() -> bool:
        if next(looks) == 3:
            assert is_attended()
            wake(*(release.pk for release in crowd[:3]))
            assert hints == []
        return look()

    monkeypatch.setattr(tick, "is_anybody_waiting", several_are_woken_at_the_third_look)

    tick_those_that_wait()

    assert {held.release_id for held in ticked} == {release.pk for release in crowd[:3]}
    assert len(hints) == 1
    assert not is_attended()


def test_one_thread_of_a_worker_stands_by(valkey: object) -> None:
    with threads(2) as [first, second]:
        looks = count()

        def second_comes() -> bool:
            return bool(next(looks)) or second(lambda: stand_by_until(lambda: True))

        assert first(lambda: stand_by_until(second_comes))
        assert next(looks) == 2, "the second left at once, and the first looked once more"


def test_who_is_woken_as_the_last_one_leaves_is_still_found(valkey: object) -> None:
    assert stand_by_until(lambda: not is_attended())


def test_while_redis_is_away_a_wake_up_sends_nothing_and_the_sweep_finds_the_mark(
    crowd: list[Release], hints: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as without:
        without.setattr(settings, "REDIS_URL", f"unix://{tmp_path}/nobody-listens")
        wake(crowd[0].pk)
    assert hints == []

    Release.objects.update(wake_at=DbNow(60))
    Release.objects.filter(pk=crowd[0].pk).update(queued_at=DbNow(-LONG_SECONDS - 0.01))
    sweep()

    assert hints == [str(crowd[0].pk)]


def test_a_lease_that_nobody_renews_is_due_when_it_runs_out(crowd: list[Release], hints: list[str]) -> None:
    """So the releases of a worker that was killed wait no longer than they must."""
    Release.objects.update(wake_at=DbNow(60))
    alive, dead, *_ = crowd
    assert lease.take(alive.pk)
    assert lease.take(dead.pk)
    Release.objects.filter(pk=dead.pk).update(lease_until=DbNow(1))

    ((found, at),) = due(timedelta(seconds=2))
    assert (found, at) == (dead.pk, Release.objects.get(pk=dead.pk).lease_until)

    enqueue([dead.pk])
    assert hints == []
    Release.objects.filter(pk=dead.pk).update(lease_until=DbNow(0))
    enqueue([dead.pk])
    assert hints == [str(dead.pk)]


@contextmanager
def threads(number: int) -> Iterator[list[Callable[[Callable[[], T]], T]]]:
    """Functions that call what they are given each in a thread of its own."""
    with ExitStack() as stack:
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(number)]
        yield [partial(_called_in, pool) for pool in pools]


def _called_in(pool: ThreadPoolExecutor, do: Callable[[], T]) -> T:
    return pool.submit(do).result()
