"""Approving a release, by REST: whose voice counts, for what, and that it is decided once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Membership, Team, User
from audit.models import Entry
from deployments.approvals import ask, subject_of, voices_of
from deployments.commands import approve_release
from deployments.engine.decision import AskApproval
from deployments.models import Approval, Release, Voice
from durable.clock import database_time
from services.models import Target
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_team, new_user
from tests.factories.deployments import checkout_target, kinds_of, new_release
from web.errors import SlipwayError

Api = Callable[..., ApiClient]


def asked(target: Target, by: User, *rules: tuple[str, int], gate: str = "start", **expiry: Any) -> Release:
    """A release that waits for voices."""
    release = new_release(
        target, by=by, phase="AwaitingApproval", state={"reason": "ApprovalRequired"}, status="waiting"
    )
    given = tuple({"team": team, "count": count} for team, count in rules)
    ask(release, [AskApproval(gate, given, **expiry)], database_time())
    return release


def state(release: Release) -> str:
    return release.approvals.get().state


def test_one_voice_is_enough_where_one_is_asked_for(api: Api, developer: User, approver: User, target: Target) -> None:
    release = asked(target, developer, ("payments", 1))

    answer = api(approver).post(f"/releases/{release.pk}/approve/", {"comment": "looks right"})

    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/releases/{release.pk}/"
    assert state(release) == "approved"
    assert kinds_of(release) == ["release.start", "release.approve"]
    entry = Entry.objects.get(action="release.approve")
    assert (entry.actor, entry.data["comment"], entry.after["approval"]) == ("apu", "looks right", "approved")


def test_all_rules_have_to_be_met(api: Api, developer: User, approver: User, target: Target) -> None:
    platform = new_team("platform")
    pat, pia = (member_of(platform, "approver", new_user(name)) for name in ("pat", "pia"))
    target.environment.approvals = [{"team": "platform", "count": 2}]
    target.environment.save()
    release = asked(target, developer, ("payments", 1), ("platform", 2))

    for person, expected in ((pat, "pending"), (approver, "pending"), (pia, "approved")):
        assert api(person).post(f"/releases/{release.pk}/approve/").status_code == 202
        assert state(release) == expected


def test_clicking_twice_is_one_voice(api: Api, developer: User, approver: User, target: Target) -> None:
    release = asked(target, developer, ("payments", 2))

    for _ in range(2):
        assert api(approver).post(f"/releases/{release.pk}/approve/").status_code == 202

    assert state(release) == "pending"
    assert Voice.objects.count() == 1
    assert kinds_of(release) == ["release.start", "release.approve"]


def test_after_the_decision_the_same_click_is_answered_and_another_is_refused(
    api: Api, developer: User, approver: User, maintainer: User, target: Target
) -> None:
    release = asked(target, developer, ("payments", 1))
    api(approver).post(f"/releases/{release.pk}/approve/")

    assert api(approver).post(f"/releases/{release.pk}/approve/").status_code == 202
    late = api(maintainer).post(f"/releases/{release.pk}/reject/")

    assert late.status_code == 409
    assert state(release) == "approved"


def test_a_second_thought_is_heard_while_others_are_waited_for(
    api: Api, developer: User, approver: User, target: Target
) -> None:
    release = asked(target, developer, ("payments", 2))
    api(approver).post(f"/releases/{release.pk}/approve/")

    assert api(approver).post(f"/releases/{release.pk}/reject/", {"comment": "no"}).status_code == 202

    assert state(release) == "rejected"


def test_a_release_that_waits_for_nothing_says_so(api: Api, approver: User, target: Target) -> None:
    release = new_release(target)

    answer = api(approver).post(f"/releases/{release.pk}/approve/")

    assert answer.status_code == 409
    assert answer.json()["allowed"] == ["abort", "pause"]


@pytest.mark.parametrize(("step", "status"), [(2, 202), (3, 409)])
def test_a_step_that_is_named_has_to_be_the_one_that_waits(
    api: Api, developer: User, approver: User, target: Target, step: int, status: int
) -> None:
    release = asked(target, developer, ("payments", 1), gate="step-2")

    assert api(approver).post(f"/releases/{release.pk}/approve/", {"step": step}).status_code == status


def test_too_late_is_too_late(api: Api, developer: User, approver: User, target: Target) -> None:
    release = asked(target, developer, ("payments", 1), expires_at=database_time() - timedelta(seconds=1))

    answer = api(approver).post(f"/releases/{release.pk}/approve/")

    assert answer.status_code == 409
    assert state(release) == "expired"
    assert [one.status for one in voices_of(with_rules(release), database_time())] == ["expired"]


def test_roles_count_at_the_time_of_decision(
    api: Api, developer: User, approver: User, maintainer: User, target: Target
) -> None:
    release = asked(target, developer, ("payments", 2))
    api(approver).post(f"/releases/{release.pk}/approve/")
    Membership.objects.filter(user=approver).delete()

    assert api(maintainer).post(f"/releases/{release.pk}/approve/").status_code == 202

    assert state(release) == "pending"


def test_an_admin_stands_in_for_any_team(api: Api, developer: User, admin: User, target: Target) -> None:
    release = asked(target, developer, ("payments", 1))

    assert api(admin).post(f"/releases/{release.pk}/approve/").status_code == 202
    assert state(release) == "approved"


class TestWhoMayNot:
    def test_a_viewer_and_a_developer_are_told_whom_to_ask(
        self, api: Api, developer: User, viewer: User, approver: User, target: Target
    ) -> None:
        release = asked(target, developer, ("payments", 1))

        answer = api(viewer).post(f"/releases/{release.pk}/approve/")

        assert answer.status_code == 403
        assert "apu" in answer.json()["granted_by"]
        assert not Voice.objects.exists()

    def test_another_team_finds_nothing(self, api: Api, developer: User, stranger: User, target: Target) -> None:
        release = asked(target, developer, ("payments", 1))
        assert api(stranger).post(f"/releases/{release.pk}/approve/").status_code == 404

    def test_a_token_needs_the_scope(self, api: Api, developer: User, approver: User, target: Target) -> None:
        release = asked(target, developer, ("payments", 1))
        assert api(approver, scopes=["read"]).post(f"/releases/{release.pk}/approve/").status_code == 403
        assert api(approver, scopes=["deploy"]).post(f"/releases/{release.pk}/approve/").status_code == 403
        assert api(approver, scopes=["approve"]).post(f"/releases/{release.pk}/approve/").status_code == 202


class TestAsking:
    def test_asking_again_changes_nothing(self, developer: User, target: Target) -> None:
        release = asked(target, developer, ("payments", 1))
        ask(release, [AskApproval("start", ({"team": "payments", "count": 1},))], database_time())
        assert release.approvals.count() == 1

    def test_the_owner_is_asked_where_no_team_is_named(self, developer: User, target: Target) -> None:
        release = asked(target, developer, ("", 1))
        assert release.approvals.get().rules == [{"team": "payments", "count": 1}]

    def test_a_new_request_follows_one_that_is_over(self, developer: User, target: Target) -> None:
        release = asked(target, developer, ("payments", 1), expires_at=database_time() - timedelta(seconds=1))
        release = with_rules(release)
        assert [one.status for one in voices_of(release, database_time())] == ["expired"]
        ask(release, [AskApproval("start", ({"team": "payments", "count": 1},))], database_time())
        assert [one.status for one in voices_of(release, database_time())] == ["pending"]

    def test_an_edit_makes_it_void(self, developer: User, target: Target) -> None:
        release = with_rules(asked(target, developer, ("payments", 1)))
        before = subject_of(release)
        release.images = {"checkout": "registry.example/shop/checkout:6.6.6"}
        assert subject_of(release) != before
        assert [one.status for one in voices_of(release, database_time())] == ["void"]


def with_rules(release: Release) -> Release:
    release.approval_rules = [{"team": "payments", "count": 1}]
    release.save(update_fields=["approval_rules"])
    return release


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_decide_once(payments: Team) -> None:
    """Approve and reject meet in the same instant: one of them wins, and the other is told."""
    people = [member_of(payments, "approver", new_user(name)) for name in ("ann", "bob", "cyd", "dan")]
    by = member_of(payments, "developer", new_user("dev"))
    release = asked(checkout_target(payments, "dev"), by, ("payments", 1))
    start, outcomes = threading.Barrier(len(people)), []

    def decide(person: User) -> None:
        start.wait()
        try:
            approve_release(release, by=person)
            outcomes.append("given")
        except SlipwayError as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["given", "wrong_phase", "wrong_phase", "wrong_phase"]
    assert Voice.objects.count() == 1
    assert Approval.objects.get().state == "approved"
