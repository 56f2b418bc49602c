"""The API server misbehaves in the middle of a rolling release: it ends right, once, with an honest timeline.

Ticks are made by hand and every look is live, so that each fault meets exactly the requests that it is meant for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from operator import attrgetter

import pytest

from deployments.commands import abort_release
from deployments.models import Release
from deployments.tick import tick
from tests.conftest import until
from tests.faults.misbehaviour import hangs_up, login_page, loses_the_answer, refuses, slow
from tests.faults.once import Before
from tests.faults.relay import Fault, Passage, Relay, Request
from tests.scenarios.conftest import Workload

pytestmark = pytest.mark.slow

Play = Callable[..., Release]
PlayTo = Callable[..., Release]

BUSY = refuses(429, "TooManyRequests", "too many requests, try again later")
DOWN = refuses(503, "ServiceUnavailable", "apiserver not ready")
BROKEN = refuses(500, "InternalError", "etcdserver: request timed out")
FORBIDDEN = refuses(403, "Forbidden", 'deployments.apps "web" is forbidden: no RBAC policy matched')

BEGINS = attrgetter("writes_template")
LETS_GO = attrgetter("lets_go")
LOOKS = attrgetter("is_look")


def after_a_tick(release: Release) -> Release:
    tick(release.pk)
    release.refresh_from_db()
    return release


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        pytest.param(BUSY, 3, id="429"),
        pytest.param(DOWN, 3, id="503"),
        pytest.param(BROKEN, 3, id="500"),
        pytest.param(FORBIDDEN, 3, id="403"),
        pytest.param(login_page(), 3, id="login page"),
        pytest.param(slow(10), 1, id="slow"),
    ],
)
def test_nothing_is_concluded_from_a_look_that_fails(
    fault: Fault, times: int, web: Workload, relay: Relay, until_phase: PlayTo, to_the_end: Play
) -> None:
    before = Before(web)
    release = until_phase(web.deploy("1.1"), "Progressing")
    relay.misbehave(fault, LOOKS, times=times)

    to_the_end(release)

    assert relay.faults == times
    before.was_released_once(release, "1.1")


def test_a_write_that_was_not_taken_is_sent_again(web: Workload, relay: Relay, to_the_end: Play) -> None:
    before = Before(web)
    release = web.deploy("1.1")
    for write in (BEGINS, LETS_GO):
        relay.misbehave(BUSY, write, times=1)
        relay.misbehave(DOWN, write, times=1)

    to_the_end(release)

    assert relay.faults == 4
    assert release.epoch == 1
    before.was_released_once(release, "1.1")


@pytest.mark.parametrize("write", [pytest.param(BEGINS, id="begin"), pytest.param(LETS_GO, id="let go")])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(loses_the_answer, id="answer lost"),
        pytest.param(hangs_up, id="hangs up"),
        pytest.param(BROKEN, id="500"),
        pytest.param(login_page(), id="login page"),
        pytest.param(slow(8), id="arrives late"),
    ],
)
def test_a_write_that_may_have_been_carried_out_begins_a_new_epoch(
    fault: Fault, write: Callable[[Request], bool], web: Workload, relay: Relay, to_the_end: Play
) -> None:
    before = Before(web)
    release = web.deploy("1.1")
    relay.misbehave(fault, write, times=1)

    to_the_end(release)

    assert relay.faults == 1
    assert release.epoch == 2
    before.was_released_once(release, "1.1")


def test_a_write_that_arrives_after_the_abort_has_no_effect(web: Workload, relay: Relay, to_the_end: Play) -> None:
    before = Before(web)
    arrived = threading.Event()

    def late(passage: Passage, request: Request) -> None:
        try:
            slow(8)(passage, request)
        finally:
            arrived.set()

    relay.misbehave(late, BEGINS, times=1)
    release = web.deploy("1.1")
    until(lambda: after_a_tick(release).epoch == 2)

    abort_release(release, by=web.developer)
    to_the_end(release)

    assert (release.status, release.reason) == ("aborted", "AbortedByUser")
    assert arrived.wait(30)
    before.is_untouched()


def test_a_beginning_that_is_forbidden_ends_the_release_with_nothing_changed(
    web: Workload, relay: Relay, to_the_end: Play
) -> None:
    before = Before(web)
    release = web.deploy("1.1")
    relay.misbehave(FORBIDDEN, BEGINS)

    to_the_end(release)

    assert (release.status, release.reason) == ("failed", "Forbidden")
    assert "no RBAC policy matched" in release.message
    before.is_untouched()


def test_an_end_that_is_forbidden_for_a_moment_is_made_up_for(web: Workload, relay: Relay, to_the_end: Play) -> None:
    before = Before(web)
    release = web.deploy("1.1")
    relay.misbehave(FORBIDDEN, LETS_GO, times=1)

    to_the_end(release)

    assert "write.refused" in before.was_released_once(release, "1.1")


def test_a_network_that_is_cut_in_the_middle_is_told_and_survived(
    web: Workload, relay: Relay, until_phase: PlayTo, to_the_end: Play
) -> None:
    before = Before(web)
    release = until_phase(web.deploy("1.1"), "Progressing")
    with relay.cut():
        until(lambda: after_a_tick(release).reason == "ClusterUnreachable", seconds=40)

    to_the_end(release)

    assert "cluster.unreachable" in before.was_released_once(release, "1.1")


def test_a_bad_version_is_taken_back_although_every_seventh_request_fails(
    web: Workload, relay: Relay, to_the_end: Play
) -> None:
    before = Before(web)
    release = web.deploy("1.1-crash")
    turn = iter(range(10**6))
    relay.misbehave(loses_the_answer, lambda _request: next(turn) % 7 == 0)

    to_the_end(release, seconds=120)

    assert (release.status, release.reason) == ("failed", "CrashLoopBackOff")
    before.was_given_back(release)
