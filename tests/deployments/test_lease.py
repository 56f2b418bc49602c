"""Who owns a release, and what a tick that lost it can still do: nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from accounts.models import User
from clusters.observe.threads import with_database
from deployments import lease
from deployments.commands import abort_release
from deployments.engine.decision import Decision, Said, Sentence, State, Write
from deployments.lease import REQUEST_SECONDS, Held, LeaseLost
from deployments.models import Release
from deployments.save import save_decision, save_outcome
from deployments.wake import enqueue, sweep, wake
from durable.clock import DbNow, database_time
from services.models import Target
from tests.conftest import until
from tests.factories.services import new_service, new_target

GATED = State(phase="Gated")
LINE = Said("checks.pass", Sentence("checks_passed", {"count": 2}))


@pytest.fixture
def target(developer: User) -> Target:
    return new_target(new_service("web", developer.memberships.get().team), "dev")


@pytest.fixture
def queued(target: Target, developer: User, valkey: object) -> Release:
    """A release that nobody has looked at yet."""
    return Release.objects.create(target=target, number=1, created_by=developer, wake_at=database_time())


def take(release: Release) -> Held:
    held = lease.take(release.pk)
    assert held is not None
    return held


def as_read(release: Release) -> Release:
    return Release.objects.with_names().get(pk=release.pk)


def expire(release: Release) -> None:
    Release.objects.filter(pk=release.pk).update(lease_until=DbNow(-1))


def test_one_tick_owns_a_release(queued: Release) -> None:
    assert take(queued).epoch == 1
    assert lease.take(queued.pk) is None


def test_a_lease_given_back_is_taken_in_the_same_epoch(queued: Release) -> None:
    assert lease.give_back(take(queued), seen_wake_seq=0)

    assert take(queued).epoch == 1


def test_taking_over_an_expired_lease_raises_the_epoch(queued: Release) -> None:
    take(queued)
    expire(queued)

    assert take(queued).epoch == 2


def test_an_ended_release_cannot_be_taken(queued: Release) -> None:
    Release.objects.filter(pk=queued.pk).update(ended=True)

    assert lease.take(queued.pk) is None


def test_a_stalled_tick_can_neither_renew_nor_save(queued: Release) -> None:
    stalled, seen = take(queued), as_read(queued)
    expire(queued)
    take(queued)

    with pytest.raises(LeaseLost):
        lease.renew(stalled)
    assert not save_decision(seen, Decision(GATED), stalled)
    with pytest.raises(LeaseLost):
        save_outcome(queued.pk, stalled, GATED, wake_at=None)
    assert as_read(queued).phase == "Queued"


def test_a_wake_up_between_looking_and_giving_back_is_not_lost(queued: Release) -> None:
    held = take(queued)
    wake(queued.pk)

    assert not lease.give_back(held, seen_wake_seq=0)
    assert lease.give_back(held, seen_wake_seq=1)


def test_what_came_of_a_write_is_saved_and_the_release_let_go_at_once(queued: Release) -> None:
    held = take(queued)

    assert save_outcome(queued.pk, held, GATED, wake_at=None, seen_wake_seq=held.wake_seq)

    assert as_read(queued).lease_owner == ""
    assert take(queued).epoch == 1


def test_a_wake_up_during_a_write_is_not_lost(queued: Release) -> None:
    held = take(queued)
    wake(queued.pk)

    assert not save_outcome(queued.pk, held, GATED, wake_at=None, seen_wake_seq=held.wake_seq)

    assert as_read(queued).state == GATED.to_json()
    assert lease.take(queued.pk) is None, "it is still ours"


def test_a_stalled_tick_lets_nothing_go_that_another_holds(queued: Release) -> None:
    stalled = take(queued)
    expire(queued)
    take(queued)

    with pytest.raises(LeaseLost):
        save_outcome(queued.pk, stalled, GATED, wake_at=None, seen_wake_seq=stalled.wake_seq)
    assert lease.take(queued.pk) is None


@pytest.mark.parametrize("is_news", [True, False])
def test_a_decision_to_write_is_saved_with_a_lease_that_lasts_for_the_write(queued: Release, is_news: bool) -> None:
    held = take(queued)
    known = {} if is_news else GATED.to_json()
    Release.objects.filter(pk=queued.pk).update(lease_until=DbNow(0.1), state=known)

    assert save_decision(as_read(queued), Decision(GATED, writes=(Write("begin"),)), held)

    left = as_read(queued).lease_until
    assert left is not None and left - database_time() > timedelta(seconds=REQUEST_SECONDS)


def test_an_abort_is_not_overwritten_by_a_tick_that_did_not_know(queued: Release, developer: User) -> None:
    held, seen = take(queued), as_read(queued)
    abort_release(queued, by=developer)

    assert not save_decision(seen, Decision(GATED), held)
    assert "abort" in as_read(queued).asks


def test_an_ask_that_arrives_while_a_write_is_under_way_stays(queued: Release, developer: User) -> None:
    held = take(queued)
    abort_release(queued, by=developer)

    save_outcome(queued.pk, held, GATED, wake_at=None)

    assert "abort" in as_read(queued).asks


def test_events_are_numbered_without_a_gap_whoever_writes_them(queued: Release, developer: User) -> None:
    held = take(queued)
    assert save_decision(as_read(queued), Decision(GATED, said=(LINE,)), held)
    abort_release(queued, by=developer)
    assert save_decision(as_read(queued), Decision(GATED, said=(LINE, LINE)), held)

    lines = list(queued.events.values_list("seq", "kind"))

    assert lines == [(1, "checks.pass"), (2, "release.abort"), (3, "checks.pass"), (4, "checks.pass")]


def test_a_target_is_held_by_one_release(queued: Release, target: Target) -> None:
    second = Release.objects.create(target=target, number=2, holding=False, wake_at=database_time())
    held = take(second)

    assert not save_decision(as_read(second), Decision(State(phase="Gated", holding=True)), held)

    assert as_read(second).phase == "Queued"


def test_a_hint_is_sent_once_until_it_is_lost(queued: Release, hints: list[str]) -> None:
    enqueue([queued.pk])
    enqueue([queued.pk])
    assert hints == [str(queued.pk)]

    Release.objects.filter(pk=queued.pk).update(queued_at=DbNow(-10))
    enqueue([queued.pk])

    assert hints == [str(queued.pk)] * 2


def test_the_sweep_finds_what_is_due_and_what_a_dead_tick_left(queued: Release, hints: list[str]) -> None:
    Release.objects.filter(pk=queued.pk).update(wake_at=DbNow(60))
    assert sweep() == 0
    take(queued)
    assert sweep() == 0

    expire(queued)

    assert sweep() == 1
    assert hints == [str(queued.pk)]


def test_a_release_that_is_held_gets_no_hint_until_it_is_free(queued: Release, hints: list[str]) -> None:
    held = take(queued)
    wake(queued.pk)
    assert hints == []
    assert not lease.give_back(held, seen_wake_seq=0), "its tick has to look again itself"
    assert lease.give_back(held, seen_wake_seq=1)

    wake(queued.pk)

    assert hints == [str(queued.pk)]


def test_a_release_that_a_dead_tick_holds_gets_a_hint_once_the_lease_is_over(queued: Release, hints: list[str]) -> None:
    take(queued)
    expire(queued)

    wake(queued.pk)

    assert hints == [str(queued.pk)]


def test_a_tick_that_failed_is_not_repeated_at_once(queued: Release, hints: list[str]) -> None:
    lease.drop(take(queued), look_again_in=10)

    assert (sweep(), hints) == (0, [])


def test_a_wake_up_while_a_tick_fails_is_answered_by_the_next_sweep(queued: Release, hints: list[str]) -> None:
    held = take(queued)
    wake(queued.pk)

    lease.drop(held, look_again_in=10, in_new_epoch=True)

    assert (sweep(), hints) == (1, [str(queued.pk)])


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("tell", [lambda ids: wake(*ids), enqueue], ids=["wake", "enqueue"])
def test_several_are_woken_in_one_order_so_that_two_who_do_never_wait_for_each_other(
    tell: Callable[[list[UUID]], None], transactional_db: None, developer: User, hints: list[str], valkey: object
) -> None:
    target = new_target(new_service("web", developer.memberships.get().team), "dev")
    first, last = UUID(int=1), UUID(int=2)
    for number, pk in enumerate((last, first)):
        Release.objects.create(
            pk=pk, target=target, number=number, created_by=developer, holding=False, wake_at=database_time()
        )

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Release.objects.select_for_update().get(pk=first)
            told = pool.submit(with_database(tell), [last, first])
            until(somebody_waits)
            assert Release.objects.select_for_update(nowait=True).get(pk=last), "it waits with nothing in hand"
        told.result(timeout=10)

    assert not Release.objects.filter(queued_at=None).exists()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
