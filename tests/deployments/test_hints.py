"""A crowd of releases is woken by few messages: who has seen to one goes on with the next that waits."""

from __future__ import annotations

import pytest
from redis import Redis

from accounts.models import User
from deployments import lease, tick
from deployments.lease import Held
from deployments.models import Release
from deployments.tick import tick_those_that_wait
from deployments.wake import MESSAGES_ARE_ENOUGH, enqueue, sweep, wake
from durable.clock import DbNow, database_time
from tests.factories.services import new_service, new_target

MANY = MESSAGES_ARE_ENOUGH * 2


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
    assert len(hints) == MESSAGES_ARE_ENOUGH

    tick_those_that_wait()

    assert {held.release_id for held in ticked} == {release.pk for release in crowd}
    assert lease.take_waiting() is None


def test_who_is_woken_while_enough_messages_wait_needs_none(
    crowd: list[Release], hints: list[str], valkey: Redis
) -> None:
    valkey.rpush("ticks", *["a message"] * MESSAGES_ARE_ENOUGH)

    wake(crowd[0].pk)

    assert hints == []
    held = lease.take_waiting()
    assert held is not None and held.release_id == crowd[0].pk


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
    Release.objects.exclude(pk=crowd[0].pk).update(wake_at=DbNow(60))
    wake(crowd[0].pk)
    hints.clear()

    sweep()

    assert hints == [str(crowd[0].pk)]
