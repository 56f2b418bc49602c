"""Something comes between two steps of a tick: another tick, a person, another portal, a crash. On the real API server.

Each test fails without the one thing that it is about: the stamp, the wake_seq, the live look, the version, the claim.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from deployments import effects, lease, spec
from deployments import tick as ticks
from deployments.commands import abort_release
from deployments.engine.decision import Decision, Said, Sentence, Write
from deployments.models import Release
from deployments.save import save_decision
from deployments.spec import state_of
from deployments.tick import tick
from deployments.wake import wake
from durable.clock import DbNow
from services.models import Target
from tests.factories.clusters import observed, watched_now
from tests.faults.once import Before
from tests.faults.relay import Relay
from tests.scenarios.conftest import Workload

pytestmark = pytest.mark.slow

Play = Callable[..., Release]
BeforeNext = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def before_next(monkeypatch: pytest.MonkeyPatch) -> BeforeNext:
    """`before_next("decide", action)`: let this happen just before a tick does that, once."""

    def arrange(step: str, action: Callable[[], object]) -> None:
        real = getattr(ticks, step)

        def once(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(ticks, step, real)
            action()
            return real(*args, **kwargs)

        monkeypatch.setattr(ticks, step, once)

    return arrange


def as_read(release: Release) -> Release:
    return Release.objects.with_names().get(pk=release.pk)


def expire(release: Release) -> None:
    Release.objects.filter(pk=release.pk).update(lease_until=DbNow(-1))


class Stalled:
    """A tick that saved what it decided, and then stood still with the write in its hand."""

    def __init__(self, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writes: list[tuple[Release, Write]] = []

        def stand_still(release: Release, write: Write) -> None:
            self.writes.append((release, write))
            raise lease.LeaseLost

        with monkeypatch.context() as standing:
            standing.setattr(ticks, "perform", stand_still)
            tick(release.pk)
        expire(release)

    def goes_on(self) -> list[str]:
        """Send what it had in its hand; answers what came of it."""
        return [effects.perform(release, write).kind for release, write in self.writes]


def test_a_stalled_tick_cannot_begin_a_release_that_was_aborted(
    web: Workload, to_the_end: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Before(web)
    release = web.deploy("1.1")
    stalled = Stalled(release, monkeypatch)
    abort_release(release, by=web.developer)
    assert to_the_end(release).status == "aborted"

    assert stalled.goes_on() == ["refused"]

    before.is_untouched()


def test_a_stalled_tick_cannot_give_back_what_a_later_release_holds(
    web: Workload, to_the_end: Play, until_phase: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = until_phase(web.deploy("1.1-unready"), "Progressing")
    abort_release(first, by=web.developer)
    stalled = Stalled(first, monkeypatch)
    assert [write.why for _release, write in stalled.writes] == ["abort"]
    assert to_the_end(first).status == "aborted"
    second = until_phase(web.deploy("1.2-unready"), "Progressing")

    assert stalled.goes_on() == ["refused"]

    assert web.image() == "1.2-unready"
    assert web.labels()["slipway.dev/release"] == str(second.pk)
    abort_release(second, by=web.developer)
    to_the_end(second)


def test_a_wake_up_between_looking_and_giving_back_is_another_look(
    web: Workload, until_phase: Play, before_next: BeforeNext, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = until_phase(web.deploy("1.1-unready"), "Progressing")
    looks: list[object] = []
    real = ticks.decide
    monkeypatch.setattr(ticks, "decide", lambda *args: looks.append(args) or real(*args))
    before_next("save_decision", lambda: wake(release.pk))

    tick(release.pk)

    assert len(looks) == 2


def test_a_crash_between_the_write_and_saving_its_outcome_does_not_write_twice(
    web: Workload, relay: Relay, to_the_end: Play, before_next: BeforeNext
) -> None:
    before = Before(web)
    release = web.deploy("1.1")
    # What the watcher last saw is older than the write; trusting it would mean to write again.
    watched_now(release.target.cluster)
    observed(release.target.cluster, web.live(), whole=True)
    before_next("save_outcome", crash)

    with pytest.raises(Crashed):
        tick(release.pk)
    watched_now(release.target.cluster)
    to_the_end(release)

    assert sum(request.writes_template for request in relay.requests) == 1
    before.was_released_once(release, "1.1")


class Crashed(Exception):
    """The process died here."""


def crash() -> None:
    raise Crashed


def test_an_unexpected_error_in_the_middle_of_a_write_begins_a_new_epoch(
    web: Workload, to_the_end: Play, before_next: BeforeNext
) -> None:
    before = Before(web)
    release = web.deploy("1.1")
    before_next("perform", crash)

    with pytest.raises(Crashed):
        tick(release.pk)
    to_the_end(release)

    assert release.epoch == 2
    before.was_released_once(release, "1.1")


@pytest.mark.parametrize("step", ["decide", "save_decision", "perform", "save_outcome"])
def test_an_abort_that_comes_in_the_middle_of_a_tick_is_carried_out(
    step: str, web: Workload, to_the_end: Play, before_next: BeforeNext
) -> None:
    before = Before(web)
    release = web.deploy("1.1-unready")
    before_next(step, lambda: abort_release(as_read(release), by=web.developer))

    to_the_end(release)

    assert (release.status, release.reason) == ("aborted", "AbortedByUser")
    assert web.live()["spec"]["template"] == before.template
    assert not [name for name in web.labels() if name.startswith("slipway.dev/")]


@pytest.mark.parametrize("step", ["observe", "decide", "perform"])
def test_a_template_changed_by_another_hand_in_the_middle_of_a_tick_is_not_overwritten(
    step: str, web: Workload, to_the_end: Play, before_next: BeforeNext
) -> None:
    release = web.deploy("1.1")
    by_hand = {"spec": {"template": {"metadata": {"annotations": {"by": "hand"}}}}}
    before_next(step, lambda: web.kubectl.patch(web.path, by_hand))

    to_the_end(release)

    assert (release.status, release.reason) == ("failed", "DriftDetected")
    assert web.image() == "1.0"
    assert web.live()["spec"]["template"]["metadata"]["annotations"] == {"by": "hand"}
    assert not [name for name in web.labels() if name.startswith("slipway.dev/")]


@pytest.mark.parametrize("step", ["observe", "decide", "perform"])
def test_of_two_portals_that_begin_at_once_one_releases_and_the_other_leaves_it_alone(
    step: str, web: Workload, to_the_end: Play, before_next: BeforeNext, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Before(web)
    portal = ["p1"]
    monkeypatch.setattr(spec, "portal_key", lambda: portal[0])
    ours, theirs = web.deploy("1.1"), _release_of_another_portal(web, "1.2")

    def they_begin() -> None:
        portal[0] = "p2"
        tick(theirs.pk)
        portal[0] = "p1"
        assert web.labels()["slipway.dev/portal"] == "p2"

    before_next(step, they_begin)
    to_the_end(ours)

    assert (ours.status, ours.reason) == ("failed", "Conflict")
    assert "p2" in ours.message
    portal[0] = "p2"
    before.was_released_once(to_the_end(theirs), "1.2")


def _release_of_another_portal(web: Workload, version: str) -> Release:
    """Another portal has a database of its own; here its target stands beside ours."""
    ours = web.target
    theirs = Workload(web.kubectl, Target.objects.get(pk=ours.pk), web.developer)
    theirs.target.pk, theirs.target.workload_key = None, "as another portal keeps it"
    theirs.target.service = type(ours.service).objects.create(name="theirs", team=ours.service.team)
    theirs.target._state.adding = True
    theirs.target.save(force_insert=True)
    return theirs.deploy(version)


@pytest.mark.django_db(transaction=True)
def test_events_of_many_hands_are_neither_lost_nor_numbered_twice(web: Workload) -> None:
    release = web.deploy("1.1")
    held = lease.take(release.pk)
    assert held is not None
    lines = 20
    line = Said("checks.pass", Sentence("checks_passed", {"count": 2}))
    said: list[str] = []

    def tick_talks() -> None:
        written = 0
        while written < lines:
            row = as_read(release)
            written += save_decision(row, Decision(state_of(row), said=(line,)), held)
        said.extend([line.kind] * lines)
        connection.close()

    def people_ask() -> None:
        for _ in range(lines):
            row = as_read(release)
            abort_release(row, by=web.developer)
            said.append("release.abort")
            Release.objects.filter(pk=release.pk).update(asks={})
        connection.close()

    threads = [threading.Thread(target=work) for work in (tick_talks, people_ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    events = list(release.events.order_by("seq").values_list("seq", "kind"))
    assert [seq for seq, _kind in events] == list(range(1, 2 + 2 * lines))
    assert sorted(kind for _seq, kind in events) == sorted(["release.start", *said])
    assert as_read(release).event_seq == len(events)
