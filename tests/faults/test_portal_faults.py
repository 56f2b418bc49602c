"""What a whole portal stands on fails in the middle of releases: network, API server, database, the portal itself."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.faults.field import Field, Web, until
from tests.faults.misbehaviour import refuses, slow
from tests.faults.relay import Relay

EXPIRED = refuses(410, "Expired", "too old resource version: 1 (2)")


@pytest.fixture(scope="module")
def far(field: Field, field_relay: Relay) -> Iterator[list[Web]]:
    """Workloads that the portal reaches through the relay."""
    return field.webs(3, cluster="relayed")


@pytest.fixture(scope="module")
def near(field: Field) -> list[Web]:
    return field.webs(4)


def test_the_network_is_cut_and_what_was_asked_meanwhile_is_done_after(far: list[Web], behaving: Relay) -> None:
    web = far.pop()
    generation = web.generation
    release_id = web.deploy("1.1-unready")
    web.until_phase(release_id, "Progressing")

    with behaving.cut():
        until(lambda: web.release(release_id)["reason"] == "ClusterUnreachable")
        web.field.call("POST", f"/releases/{release_id}/abort/", {})

    web.ended_right(release_id, "aborted", "1.0", generation=generation + 2)
    assert web.timeline(release_id).count("cluster.unreachable") == 1


def test_every_watch_is_told_that_its_place_is_gone(far: list[Web], behaving: Relay) -> None:
    web = far.pop()
    generation = web.generation
    release_id = web.deploy("1.1")
    behaving.misbehave(EXPIRED, lambda request: request.is_watch, times=20)
    behaving.hang_up_all()

    web.ended_right(release_id, "succeeded", "1.1", generation=generation + 1)


def test_the_api_server_takes_ten_seconds_for_every_answer(far: list[Web], behaving: Relay) -> None:
    web = far.pop()
    generation = web.generation
    release_id = web.deploy("1.1")
    before = behaving.faults
    behaving.misbehave(slow(10), times=15)
    until(lambda: behaving.faults >= before + 5)
    behaving.behave()

    web.ended_right(release_id, "succeeded", "1.1", generation=generation + 1)


def test_the_portal_is_restarted(field: Field, near: list[Web]) -> None:
    good, bad = near.pop(), near.pop()
    generations = good.generation, bad.generation
    releases = good.deploy("1.1"), bad.deploy("1.1-crash")
    bad.until_phase(releases[1], "Progressing")

    field.portal.stop()
    field.portal.start()

    good.ended_right(releases[0], "succeeded", "1.1", generation=generations[0] + 1)
    bad.ended_right(releases[1], "failed", "1.0", generation=generations[1] + 2)


@contextmanager
def database_locked(field: Field, *, seconds: float) -> Iterator[None]:
    """Another process, this one, holds a write transaction for so long."""
    with closing(sqlite3.connect(field.portal.home / "slipway.sqlite3", isolation_level=None, timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")
        until_when = time.monotonic() + seconds
        try:
            yield
            time.sleep(max(0.0, until_when - time.monotonic()))
        finally:
            database.execute("ROLLBACK")


def test_the_database_is_locked_for_some_seconds(field: Field, near: list[Web]) -> None:
    good, bad = near.pop(), near.pop()
    generations = good.generation, bad.generation
    releases = good.deploy("1.1"), bad.deploy("1.1-crash")
    bad.until_phase(releases[1], "Progressing")

    with database_locked(field, seconds=8):
        assert bad.release(releases[1])["phase"] == "Progressing"

    good.ended_right(releases[0], "succeeded", "1.1", generation=generations[0] + 1)
    bad.ended_right(releases[1], "failed", "1.0", generation=generations[1] + 2)
