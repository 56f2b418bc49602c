"""T45: no way leads around an approval: own voice by another token, replay, edit, another team, the edge.

What a voice does in itself stands in tests/deployments/test_approve.py, with the race of two who decide at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import Team, User
from audit.models import Entry
from deployments.approvals import voices_of
from deployments.engine.decision import Said, Sentence
from deployments.models import Approval, Release, Voice
from durable.clock import database_time
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_team, new_user
from tests.factories.approvals import asked_approval
from tests.factories.deployments import REPOSITORY, checkout_target, new_canary, say

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


@pytest.fixture
def target(payments: Team) -> Target:
    return checkout_target(payments, "dev")


def path(approval: Approval, verb: str = "approve") -> str:
    return f"/releases/{approval.release_id}/{verb}/"


def is_open(approval: Approval) -> bool:
    """Whether the engine would take the gate for open."""
    release = Release.objects.with_names().get(pk=approval.release_id)
    return any(voices.status == "approved" for voices in voices_of(release, database_time()))


@pytest.mark.parametrize("scopes", [[], ["approve"], ["admin"]])
def test_t45_who_asked_approves_by_no_token_and_no_page(
    api: Api, web_client: Web, maintainer: User, target: Target, scopes: list[str]
) -> None:
    approval = asked_approval(target, maintainer)

    assert api(maintainer, scopes=scopes).post(path(approval)).status_code == 403
    web_client(maintainer).post(path(approval))

    assert not is_open(approval)
    assert not Voice.objects.exists()
    assert not Entry.objects.filter(action="release.approve").exists()


def test_t45_an_admin_who_asked_does_not_approve_either(api: Api, admin: User, target: Target) -> None:
    approval = asked_approval(target, admin)

    assert api(admin).post(path(approval)).status_code == 403
    assert not is_open(approval)


def test_t45_who_edited_it_becomes_one_who_asks(api: Api, developer: User, maintainer: User, target: Target) -> None:
    approval = asked_approval(target, developer)
    what = {"by": "mia", "what": "image"}
    say(approval.release, Said("release.edit", Sentence("edit_asked", what)), by=maintainer.username)

    assert api(maintainer).post(path(approval)).status_code == 403
    assert not is_open(approval)


def test_t45_a_replayed_call_is_one_voice_and_opens_nothing_else(
    api: Api, developer: User, approver: User, target: Target
) -> None:
    approval = asked_approval(target, developer, ("payments", 2))
    key = {"Idempotency-Key": "recorded"}

    answers = [api(approver).post(path(approval), headers=key).status_code for _ in range(3)]

    assert answers == [202, 202, 202]
    assert Voice.objects.count() == 1
    assert not is_open(approval)


def test_t45_a_voice_for_what_was_edited_since_is_refused(
    api: Api, developer: User, approver: User, target: Target
) -> None:
    approval = asked_approval(target, developer)
    seen = approval.subject
    Release.objects.filter(pk=approval.release_id).update(images={"checkout": f"{REPOSITORY}:6.6.6"})

    answer = api(approver).post(path(approval), {"subject": seen})

    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "approval_stale")
    assert not is_open(approval)


def test_t45_a_voice_that_was_given_before_an_edit_counts_no_more(
    api: Api, developer: User, approver: User, target: Target
) -> None:
    approval = asked_approval(target, developer)
    assert api(approver).post(path(approval)).status_code == 202
    assert is_open(approval)

    Release.objects.filter(pk=approval.release_id).update(images={"checkout": f"{REPOSITORY}:6.6.6"})

    assert not is_open(approval)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_t45_an_approver_of_another_team_finds_no_release(
    api: Api, web_client: Web, developer: User, target: Target, verb: str
) -> None:
    approval = asked_approval(target, developer)
    outsider = member_of(new_team("orders"), "approver", new_user("oz"))

    assert api(outsider).post(path(approval, verb)).status_code == 404
    assert web_client(outsider).post(path(approval, verb)).status_code == 404
    assert api(outsider).get(f"/approvals/{approval.pk}/").status_code == 404
    assert not Voice.objects.exists()


@pytest.mark.parametrize(("late", "status"), [(timedelta(seconds=-30), 202), (timedelta(milliseconds=1), 409)])
def test_t45_the_clock_of_the_database_decides_at_the_edge(
    api: Api, developer: User, approver: User, target: Target, late: timedelta, status: int
) -> None:
    approval = asked_approval(target, developer, expires_at=database_time() - late)

    assert api(approver).post(path(approval)).status_code == status
    assert is_open(approval) == (status == 202)


@pytest.mark.parametrize("full", [False, True])
def test_t45_promote_leads_past_no_approval(api: Api, maintainer: User, target: Target, full: bool) -> None:
    waits = {"waits": {"gate": "step-3", "phase": "Progressing", "since": database_time().isoformat()}}
    release = new_canary(target, step=3, weight=10, phase="AwaitingApproval", state={"gates": waits})

    api(maintainer).post(f"/releases/{release.pk}/promote/", {"full": full})

    release.refresh_from_db()
    assert release.phase == "AwaitingApproval"
    assert not Voice.objects.exists()


def test_t45_nobody_declares_an_emergency_without_the_role(api: Api, developer: User, target: Target) -> None:
    answer = api(developer).post(
        "/releases/rollback/", {"service": "checkout", "environment": "dev", "emergency": True, "reason": "now"}
    )

    assert answer.status_code == 403
    assert not Release.objects.exists()


def test_t45_an_override_of_a_window_is_no_voice(api: Api, developer: User, admin: User, target: Target) -> None:
    approval = asked_approval(target, developer)
    now = database_time()
    starts, ends = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()
    target.environment.freeze_windows = [{"name": "night", "mode": "block", "starts": starts, "ends": ends}]
    target.environment.save()

    assert api(admin).post(path(approval, "override"), {"reason": "x"}).status_code == 202

    assert not is_open(approval)
