"""Approvals and freeze windows on the sandbox: a protected environment, a canary that asks in the middle of its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Team, User
from deployments.commands import approve_release, promote_release, reject_release, retry_release
from deployments.errors import ReleaseBlocked
from deployments.models import Approval, Release, Voice
from deployments.tick import tick
from durable.clock import database_time
from tests.conftest import until
from tests.scenarios.conftest import Workload
from web.errors import NotPermitted, SlipwayError

Play = Callable[..., Release]

ASKS: dict[str, Any] = {
    "type": "canary",
    "steps": [{"set_weight": 50}, {"approval": {"required": 1, "expires_seconds": 3600}}],
    "max_surge": 1,
}


def reaches(release: Release, *reasons: str) -> Release:
    """Tick until the release waits for this."""

    def is_so() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        assert not release.ended or release.reason in reasons, release.message
        return release.reason in reasons

    until(is_so, seconds=60)
    return release


def rules(web: Workload, *approvals: dict[str, Any], windows: list[dict[str, Any]] | None = None) -> None:
    environment = web.target.environment
    environment.protected, environment.approvals, environment.freeze_windows = True, list(approvals), windows or []
    environment.save()


def frozen(seconds: int = 600) -> dict[str, Any]:
    """A window that holds now and for so many seconds."""
    now = database_time()
    return {
        "name": "freeze",
        "mode": "block",
        "starts": (now - timedelta(seconds=60)).isoformat(),
        "ends": (now + timedelta(seconds=seconds)).isoformat(),
        "override_role": "maintainer",
    }


def test_nothing_is_written_before_the_voices_are_there(
    web: Workload, payments: Team, approver: User, to_the_end: Play
) -> None:
    rules(web, {"team": payments.name, "count": 1})
    generation = web.live()["metadata"]["generation"]
    release = reaches(web.deploy("1.1"), "ApprovalRequired")
    assert (release.status, release.phase) == ("waiting", "AwaitingApproval")
    assert web.live()["metadata"]["generation"] == generation
    with pytest.raises(NotPermitted):
        approve_release(release, by=web.developer)

    approve_release(release, by=approver)

    assert to_the_end(release).status == "succeeded"
    assert web.image() == "1.1"


@pytest.mark.django_db(transaction=True)
def test_a_canary_asks_at_its_step_and_goes_on_with_the_first_of_two_who_click_at_once(
    web: Workload, approver: User, maintainer: User, to_the_end: Play
) -> None:
    release = reaches(web.deploy("1.1", strategy=ASKS), "ApprovalRequired")
    assert release.approvals.get().gate == "step-1"
    start, outcomes = threading.Barrier(2), []

    def click(person: User) -> None:
        start.wait()
        try:
            approve_release(release, by=person)
            outcomes.append("given")
        except SlipwayError as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(person,)) for person in (approver, maintainer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["given", "wrong_phase"]
    assert Voice.objects.count() == 1
    assert to_the_end(release).status == "succeeded"


def test_a_rejection_gives_the_pods_back(web: Workload, approver: User, to_the_end: Play) -> None:
    release = reaches(web.deploy("1.1", strategy=ASKS), "ApprovalRequired")

    reject_release(release, by=approver, comment="not today")

    release = to_the_end(release)
    assert (release.status, release.reason) == ("aborted", "ApprovalRejected")
    until(web.ready)
    assert web.image() == "1.0"


def test_nobody_decides_in_time_and_a_retry_asks_anew(web: Workload, approver: User, to_the_end: Play) -> None:
    short = {**ASKS, "steps": [{"set_weight": 50}, {"approval": {"required": 1, "expires_seconds": 3600}}]}
    release = reaches(web.deploy("1.1", strategy=short), "ApprovalRequired")
    # The hour is over.
    Approval.objects.update(expires_at=database_time() - timedelta(seconds=1))

    release = reaches(release, "ApprovalExpired")
    assert release.status == "paused"
    with pytest.raises(SlipwayError):
        approve_release(release, by=approver)

    retry_release(release, by=web.developer)
    release = reaches(release, "ApprovalRequired")
    assert sorted(release.approvals.values_list("state", flat=True)) == ["expired", "pending"]
    approve_release(release, by=approver)
    assert to_the_end(release).status == "succeeded"


def test_a_window_refuses_a_release_and_says_until_when_and_who_may_pass(web: Workload) -> None:
    window = frozen()
    rules(web, windows=[window])
    with pytest.raises(ReleaseBlocked) as refused:
        web.deploy("1.1")
    (reason,) = [one for one in refused.value.fields["blocked_by"] if one["kind"] == "freeze_window"]
    assert (reason["name"], reason["override_role"]) == ("freeze", "maintainer")
    assert reason["until"][:19] == window["ends"][:19]


def test_a_window_that_opens_on_the_way_holds_a_canary_before_its_next_step(web: Workload, to_the_end: Play) -> None:
    steps = {"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}, {"set_weight": 60}], "max_surge": 1}
    release = web.deploy("1.1", strategy=steps)

    def pauses() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        return release.status == "paused"

    until(pauses, seconds=60)
    rules(web, windows=[frozen()])
    promote_release(release, by=web.developer)

    held = reaches(release, "FreezeWindow")
    assert held.status == "waiting"
    assert held.state["gates"]["window"]["name"] == "freeze"

    rules(web, windows=[])
    assert to_the_end(held).status == "succeeded"
