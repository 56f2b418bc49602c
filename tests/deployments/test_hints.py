"""A crowd of releases is woken by few messages: a worker that attends sees to all that wait."""

from __future__ import annotations

import threading
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
from django.db import OperationalError

from accounts.models import User
from deployments import attending, lease, tick
from deployments.attended import Saying, is_attended
from deployments.attending import attend
from deployments.lease import Held
from deployments.models import Release
from deployments.receivers import advance_due
from deployments.turns import HANGS_AFTER_SECONDS, MOST, Turns
from deployments.wake import LONG_SECONDS, due, enqueue, sweep, wake
from durable.clock import DbNow, database_time
from tests.conftest import until
from tests.factories.services import new_service, new_target
from web import request_id

MANY = 12
T = TypeVar("T")


@pytest.fixture
def crowd(transactional_db: None, developer: User, valkey: object) -> list[Release]:
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


@pytest.fixture(autouse=True)
def own_turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No thread of one test ticks for the next."""
    turns = Turns()
    monkeypatch.setattr(attending, "_turns", turns)
    yield
    until(lambda: not turns.are_taken)


def test_a_crowd_is_woken_by_one_message_and_all_are_seen_to(
    crowd: list[Release], hints: list[str], ticked: list[Held]
) -> None:
    wake(*(release.pk for release in crowd))
    assert len(hints) == 1

    attend()

    assert {held.release_id for held in ticked} == {release.pk for release in crowd}
    assert lease.take_waiting() is None
    assert len(hints) == 1


def test_who_waits_behind_another_needs_no_message(crowd: list[Release], hints: list[str]) -> None:
    first, second, *_ = crowd
    wake(first.pk)
    Release.objects.filter(pk=first.pk).update(queued_at=DbNow(-0.1))
    wake(second.pk)
    assert hints == [str(first.pk)]

    held = lease.take_waiting()
    assert held is not None and held.release_id == first.pk
    wake(first.pk)
    assert hints == [str(first.pk)], "who holds it sees that it was woken"
    lease.drop(held, look_again_in=60)
    wake(first.pk)
    assert hints == [str(first.pk)], "the second waits before it, for the same worker"


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
    monkeypatch.setattr(attending, "GO_ON_SECONDS", 0)

    attend()

    assert len(hints) == 1
    assert not ticked


def test_a_tick_that_fails_takes_none_of_the_others_along(
    crowd: list[Release], hints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[Held] = []

    def fail(held: Held) -> None:
        failed.append(held)
        raise ZeroDivisionError

    monkeypatch.setattr(tick, "_go_on", fail)
    wake(*(release.pk for release in crowd))

    attend()

    assert {held.release_id for held in failed} == {release.pk for release in crowd}


def test_a_database_that_is_away_for_a_moment_takes_no_turn_along(
    crowd: list[Release], hints: list[str], ticked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away() -> bool:
        raise OperationalError

    wake(*(release.pk for release in crowd))
    with monkeypatch.context() as broken:
        broken.setattr(attending, "is_anybody_waiting", be_away)
        for _attempt in range(MOST + 1):
            with pytest.raises(OperationalError):
                attend()

    attend()

    assert {held.release_id for held in ticked} == {release.pk for release in crowd}


def test_what_a_tick_writes_carries_the_id_of_the_request_that_began_the_release(
    crowd: list[Release], hints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[str] = []

    def save(*_decided: object) -> bool:
        carried.append(request_id.current())
        return True

    monkeypatch.setattr(tick, "save_decision", save)
    Release.objects.filter(pk=crowd[0].pk).update(request_id="ci-4711")
    request_id.carry("another")

    tick.tick(crowd[0].pk)

    assert set(carried) == {"ci-4711"}
    assert request_id.current() == "another"
    request_id.carry("")


def test_those_whose_message_died_with_a_worker_are_seen_to_a_second_later(
    crowd: list[Release], hints: list[str]
) -> None:
    Release.objects.update(wake_at=DbNow(60))
    wake(*(release.pk for release in crowd))
    Release.objects.update(wake_at=DbNow(60), queued_at=DbNow(-LONG_SECONDS - 0.01))
    hints.clear()

    sweep()

    assert len(hints) == 1, "for a worker that sees to all of them"


def test_who_is_woken_as_the_last_look_ends_is_told_of(
    crowd: list[Release], hints: list[str], ticked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark is there before who attends leaves, and its message comes in vain."""
    end = Saying.end

    def somebody_comes(saying: Saying) -> None:
        end(saying)
        wake(crowd[0].pk)
        with threads(1) as [in_thread]:
            in_thread(attend)

    monkeypatch.setattr(Saying, "end", somebody_comes)

    attend()

    assert not ticked
    assert hints == [str(crowd[0].pk)] * 2


def test_few_are_ticked_at_once_and_those_that_hang_take_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, now = Turns(at_once=2, most=3), [0.0]
    monkeypatch.setattr("deployments.turns.time.monotonic", lambda: now[0])
    first, second = turns.take(), turns.take()
    assert first and second and not turns.take()

    now[0] = HANGS_AFTER_SECONDS
    second.goes_on()
    third = turns.take()
    assert third and not turns.take(), "one hangs, two tick"

    third.goes_on()
    now[0] *= 2
    assert not turns.take(), "all that there may be hang"
    first.end()
    assert turns.take()


def test_a_tick_that_hangs_keeps_no_other_waiting(
    crowd: list[Release], hints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One turn, and a cluster that does not answer."""
    monkeypatch.setattr(attending, "_turns", Turns(at_once=1))
    monkeypatch.setattr("deployments.turns.HANGS_AFTER_SECONDS", 0.05)
    answers, others = threading.Event(), set[object]()

    def hang_at_first(held: Held) -> None:
        if held.release_id == crowd[0].pk:
            assert answers.wait(30)
        else:
            others.add(held.release_id)
        lease.give_back(held, seen_wake_seq=held.wake_seq)

    monkeypatch.setattr(tick, "_go_on", hang_at_first)
    wake(crowd[0].pk)
    Release.objects.filter(pk=crowd[0].pk).update(queued_at=DbNow(-0.1))
    wake(*(release.pk for release in crowd[1:]))
    with threads(1) as [in_thread]:
        leaves = ThreadPoolExecutor(1).submit(in_thread, attend)
        try:
            until(lambda: others == {release.pk for release in crowd[1:]})
        finally:
            answers.set()
        leaves.result()


def test_while_a_worker_attends_a_wake_up_needs_no_message(
    crowd: list[Release], hints: list[str], ticked: list[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = count(), attending.is_anybody_waiting

    def several_are_woken_at_the_third_look() -> bool:
        if next(looks) == 3:
            assert is_attended()
            wake(*(release.pk for release in crowd[:3]))
        return look()

    monkeypatch.setattr(attending, "is_anybody_waiting", several_are_woken_at_the_third_look)

    attend()

    assert {held.release_id for held in ticked} == {release.pk for release in crowd[:3]}
    assert hints == []
    assert not is_attended()


def test_one_thread_of_a_worker_attends(crowd: list[Release], monkeypatch: pytest.MonkeyPatch) -> None:
    looks = count()

    def nobody_waits() -> bool:
        next(looks)
        return False

    monkeypatch.setattr(attending, "is_anybody_waiting", nobody_waits)
    with threads(2) as [first, second]:
        attends = ThreadPoolExecutor(1).submit(first, attend)
        until(is_attended)
        before = next(looks)
        second(attend)
        assert not attends.done(), "the second left at once"
        attends.result()
    assert next(looks) > before


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


def test_a_timer_that_goes_off_for_a_time_that_has_moved_wakes_nobody(crowd: list[Release], hints: list[str]) -> None:
    moved, due_now, *_ = crowd
    Release.objects.filter(pk=moved.pk).update(wake_at=DbNow(2))

    advance_due([str(moved.pk), str(due_now.pk)])

    held = lease.take_waiting()
    assert held is not None and held.release_id == due_now.pk
    assert lease.take_waiting() is None


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
