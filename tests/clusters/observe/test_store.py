"""Changes are coalesced by object, jobs keep their place, and a database that is away loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.dispatch import Signal

from clusters.observe import store as store_module
from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from clusters.observe.rows import Change
from clusters.observe.store import MOST_PENDING, Store
from tests.clusters.observe.objects import deployment, pod

CLUSTER = uuid4()


class Written:
    """Stands where rows are written and notes what came."""

    def __init__(self) -> None:
        self.chunks: list[list[Change]] = []
        self.failures: list[Exception] = []

    def __call__(self, _cluster_id: object, changes: list[Change]) -> list[Change]:
        if self.failures:
            raise self.failures.pop()
        self.chunks.append(list(changes))
        return list(changes)

    @property
    def versions(self) -> list[int]:
        return [change.seen.resource_version for chunk in self.chunks for change in chunk]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    written = Written()
    monkeypatch.setattr(store_module.rows, "write", written)
    # Those who follow changes would ask the database about each.
    monkeypatch.setattr(store_module, "objects_changed", Signal())
    return written


@pytest.fixture
def make_store() -> Callable[..., Store]:
    def make(*, owns: Callable[[UUID], bool] = lambda _cluster: True, announced: list[object] | None = None) -> Store:
        told = announced if announced is not None else []
        return Store(ThreadPoolExecutor(1), owns=owns, announce=told.append)

    return make


def change(name: str = "a", version: int = 1, **options: object) -> Change:
    return Change(see(BY_NAME["Pod"], pod(name, version=version)), **options)


async def test_a_later_change_of_the_same_object_takes_the_place_of_the_earlier(written, make_store):
    announced: list[object] = []
    store = make_store(announced=announced)
    for version in (1, 2, 3):
        store.put(CLUSTER, change(version=version))
    await store.flush()
    assert written.versions == [3]
    assert announced == [CLUSTER]


async def test_chunks_are_bounded_and_clusters_take_turns(written, make_store):
    store = make_store()
    small = uuid4()
    for number in range(450):
        store.put(CLUSTER, change(f"pod-{number}"))
    store.put(small, change("only"))
    await store.flush()
    assert [len(chunk) for chunk in written.chunks] == [200, 1, 200, 50]


async def test_a_job_comes_after_what_was_put_before_and_before_what_comes_later(written, make_store):
    store = make_store()
    order: list[str] = []

    def job() -> list[Change]:
        order.append(f"job after {len(written.versions)}")
        return []

    store.put(CLUSTER, change("a"))
    waiting = asyncio.create_task(store.after_all(CLUSTER, job))
    await asyncio.sleep(0)
    store.put(CLUSTER, change("b"))
    await store.flush()
    await waiting
    assert order == ["job after 1"]
    assert len(written.versions) == 2


async def test_a_database_that_is_away_is_tried_again_and_newer_changes_win(written, make_store, monkeypatch):
    monkeypatch.setattr(store_module, "RETRY_SECONDS", 0.05)
    store = make_store()
    written.failures.append(OperationalError("database is locked"))
    store.put(CLUSTER, change("a", version=1))
    store.put(CLUSTER, change("b", version=1))
    flushing = asyncio.create_task(store.flush())
    await asyncio.sleep(0.02)
    store.put(CLUSTER, change("a", version=2))
    await flushing
    assert sorted(written.versions) == [1, 2]


async def test_what_may_not_be_ours_any_more_waits_and_is_written_or_dropped(written, make_store):
    ours: set[UUID] = set()
    store = make_store(owns=ours.__contains__)
    waiting = asyncio.create_task(store.after_all(CLUSTER, list))
    await asyncio.sleep(0)
    store.put(CLUSTER, change())
    await store.flush()
    assert (written.chunks, store.pending, waiting.done()) == ([], 2, False)
    ours.add(CLUSTER)
    await store.flush()
    await asyncio.wait_for(waiting, 1)
    assert (written.versions, store.pending) == ([1], 0)
    ours.clear()
    store.put(CLUSTER, change(version=2))
    store.drop(CLUSTER)
    assert store.pending == 0


async def test_a_large_list_waits_for_room(written, make_store):
    store = make_store()
    for number in range(MOST_PENDING):
        store.put(CLUSTER, change(f"pod-{number}"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(store.room(), 0.05)
    await store.flush()
    await asyncio.wait_for(store.room(), 1)


async def test_a_fill_meets_what_the_watch_said(written, make_store):
    store = make_store()

    def web(version: int, **options: object) -> Change:
        return Change(see(BY_NAME["Deployment"], deployment(version=version)), **options)

    store.put(CLUSTER, web(5))
    store.put(CLUSTER, web(5, whole=deployment(), fills=True))
    await store.flush()
    (joined,) = written.chunks.pop()
    assert joined.whole
    assert not joined.fills
    for said in (web(9), web(5, deleted=True), web(5, whole={"newer": True})):
        store.put(CLUSTER, said)
        store.put(CLUSTER, web(5, whole=deployment(), fills=True))
        await store.flush()
        assert written.chunks.pop() == [said]
