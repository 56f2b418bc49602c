"""What the plan says about approvals and freeze windows, and who may pass them in an emergency."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User
from deployments.engine.strategies import Approve, BlueGreen, Canary, RollingUpdate, SetWeight
from deployments.freeze import require_emergency
from deployments.plan_gates import plan_gates
from services.models import Target
from tests.factories.accounts import member_of, new_team, new_user
from web.errors import NotPermitted

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
CANARY = Canary(steps=(SetWeight(10), Approve(required=1), SetWeight(50)))
FREEZE = {
    "name": "new year",
    "mode": "block",
    "starts": "2027-01-04T10:00:00+00:00",
    "ends": "2027-01-04T15:00:00+00:00",
    "override_role": "approver",
}


def rules(target: Target, *given: tuple[str, int], windows: list[dict[str, Any]] | None = None) -> Target:
    environment = target.environment
    environment.approvals = [{"team": team, "count": count} for team, count in given]
    environment.freeze_windows = windows or []
    environment.save()
    return target


def codes(notes: list[Any]) -> list[str]:
    return [note.code for note in notes]


class TestApprovals:
    def test_a_needed_approval_is_a_gate_and_no_refusal(self, target: Target, developer: User, approver: User) -> None:
        gates, refusals, _warnings = plan_gates(rules(target, ("payments", 1)), CANARY, developer, NOON)
        assert [(one["gate"], one["rules"]) for one in gates] == [
            ("start", [{"team": "payments", "count": 1}]),
            ("step-1", [{"team": "payments", "count": 1}]),
        ]
        assert refusals == []

    def test_blue_green_asks_before_the_switch(self, target: Target, developer: User, approver: User) -> None:
        gates, _refusals, _warnings = plan_gates(target, BlueGreen(approval=Approve()), developer, NOON)
        assert [one["gate"] for one in gates] == ["switch"]

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            (("nowhere", 1), "there is no such team"),
            (("payments", 2), "apu can approve there"),
            (("empty", 1), "nobody can approve there"),
        ],
    )
    def test_what_nobody_can_give_refuses_and_says_whom_to_ask(
        self, target: Target, developer: User, approver: User, asked: tuple[str, int], words: str
    ) -> None:
        new_team("empty")
        _gates, refusals, _warnings = plan_gates(rules(target, asked), RollingUpdate(), developer, NOON)
        assert codes(refusals) == ["approval"] and refusals[0].blocks
        assert words in refusals[0].detail

    def test_who_asks_does_not_count(self, target: Target, maintainer: User) -> None:
        _gates, refusals, _warnings = plan_gates(rules(target, ("payments", 1)), RollingUpdate(), maintainer, NOON)
        assert codes(refusals) == ["approval"]
        assert refusals[0].facts == {"team": "payments", "count": 1, "eligible": []}

    def test_a_step_for_a_team_that_may_not_see_the_service_is_refused(self, target: Target, developer: User) -> None:
        member_of(new_team("others"), "approver", new_user("oz"))
        steps = Canary(steps=(Approve(team="others"),))
        _gates, refusals, _warnings = plan_gates(target, steps, developer, NOON)
        assert "may not see checkout" in refusals[0].detail


class TestWindows:
    def test_one_that_holds_refuses_with_name_end_and_who_may_override(self, target: Target, developer: User) -> None:
        _gates, refusals, _warnings = plan_gates(rules(target, windows=[FREEZE]), CANARY, developer, NOON)
        (refusal,) = [one for one in refusals if one.code == "freeze_window"]
        assert refusal.blocks
        assert refusal.facts == {
            "name": "new year",
            "environment": "dev",
            "until": "2027-01-04T15:00:00+00:00",
            "override_role": "approver",
        }

    def test_one_that_warns_or_begins_soon_is_told(self, target: Target, developer: User) -> None:
        warns = {**FREEZE, "mode": "warn", "name": "careful"}
        soon = {**FREEZE, "starts": "2027-01-04T18:00:00+00:00", "ends": "2027-01-04T19:00:00+00:00"}
        _gates, refusals, warnings = plan_gates(rules(target, windows=[warns, soon]), RollingUpdate(), developer, NOON)
        assert refusals == []
        assert codes(warnings) == ["freeze_window_soon", "freeze_window"]

    def test_a_rollback_and_an_emergency_pass(self, target: Target, developer: User, approver: User) -> None:
        rules(target, ("payments", 1), windows=[FREEZE])
        gates, refusals, _ = plan_gates(target, RollingUpdate(), developer, NOON, is_rollback=True)
        assert ([one["kind"] for one in gates], refusals) == (["approval"], [])
        assert plan_gates(target, RollingUpdate(), developer, NOON, emergency=True) == ([], [], [])


class TestEmergency:
    def test_the_role_that_the_window_names_may(self, target: Target, developer: User, approver: User) -> None:
        rules(target, windows=[FREEZE])
        assert require_emergency(approver, target, NOON) == "approver"
        with pytest.raises(NotPermitted) as refused:
            require_emergency(developer, target, NOON)
        assert refused.value.fields["override_role"] == "approver"

    def test_a_window_that_names_no_role_is_for_admins(self, target: Target, maintainer: User, admin: User) -> None:
        rules(target, windows=[{**FREEZE, "override_role": ""}])
        assert require_emergency(admin, target, NOON)
        with pytest.raises(NotPermitted):
            require_emergency(maintainer, target, NOON)

    def test_without_a_window_it_takes_a_maintainer(self, target: Target, developer: User, maintainer: User) -> None:
        assert require_emergency(maintainer, target, NOON) == "maintainer"
        with pytest.raises(NotPermitted):
            require_emergency(developer, target, NOON)
