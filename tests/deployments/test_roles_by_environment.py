"""A role held for one environment: what its holder may do to releases there, and is refused elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from deployments.approvals import ask
from deployments.engine.decision import AskApproval
from deployments.engine.strategies import RollingUpdate
from deployments.models import Release
from deployments.plan_gates import plan_gates
from deployments.queries import inbox_count
from durable.clock import database_time
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_role, new_user
from tests.factories.deployments import checkout_target, new_canary, new_release, new_revision
from tests.factories.registered import new_grant

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


@pytest.fixture
def prod(payments: Team) -> Target:
    """The same service in prod."""
    return checkout_target(payments, "prod")


@pytest.fixture
def dev_only(payments: Team, target: Target, prod: Target) -> User:
    """Dot, a developer of payments for dev alone; the team may use both namespaces."""
    for place in (target, prod):
        new_grant(payments, place.cluster, place.namespace)
    return member_of(payments, "developer", new_user("dot"), environment="dev")


@pytest.mark.parametrize("verb", ["abort", "pause", "resume", "promote", "retry", "override"])
def test_a_verb_is_refused_where_the_role_does_not_hold(
    api: Api, dev_only: User, target: Target, prod: Target, verb: str
) -> None:
    here, there = new_canary(target, step=1, weight=10), new_canary(prod, step=1, weight=10)
    refused = api(dev_only).post(f"/releases/{there.pk}/{verb}/", {"reason": "x"} if verb == "override" else None)
    assert refused.status_code == 403
    assert (refused.json()["permission"], refused.json()["environment"]) == (f"release.{verb}", "prod")
    allowed = api(dev_only).post(f"/releases/{here.pk}/{verb}/", {"reason": "x"} if verb == "override" else None)
    assert allowed.status_code in {202, 409}, "what is left is whether the release is in a state for it"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/releases/", {"service": "checkout", "image": "registry.example/shop/checkout:2"}),
        ("/releases/rollback/", {"service": "checkout"}),
        ("/services/checkout/orphans/", {"action": "clean"}),
    ],
)
def test_a_release_is_started_there_alone(
    api: Api, dev_only: User, target: Target, prod: Target, path: str, body: dict[str, Any]
) -> None:
    refused = api(dev_only).post(path, {**body, "environment": "prod"})
    assert (refused.status_code, refused.json()["environment"]) == (403, "prod")
    assert api(dev_only).post(path, {**body, "environment": "dev"}).status_code != 403


def test_a_promotion_takes_the_role_where_it_leads(api: Api, dev_only: User, target: Target, prod: Target) -> None:
    refused = api(dev_only).post("/promotions/", {"service": "checkout", "from": "dev", "to": "prod"})
    assert (refused.status_code, refused.json()["environment"]) == (403, "prod")
    assert api(dev_only).post("/promotions/", {"service": "checkout", "from": "prod", "to": "dev"}).status_code != 403


def test_the_target_is_edited_there_alone(api: Api, dev_only: User, target: Target, prod: Target) -> None:
    caller = api(dev_only)
    assert caller.patch("/services/checkout/targets/dev/", {"strategy": "rolling"}).status_code == 200
    assert caller.patch("/services/checkout/targets/prod/", {"strategy": "rolling"}).status_code == 403
    assert caller.patch("/services/checkout/", {"title": "x"}).status_code == 403
    place = {"cluster": prod.cluster.name, "namespace": "x", "workload": "x"}
    refused = caller.post("/services/checkout/targets/", {"environment": "prod", **place})
    assert (refused.status_code, refused.json()["permission"]) == (403, "target.create")


def test_pages_disable_the_buttons_and_say_where_it_is_missing(
    web_client: Web, dev_only: User, target: Target, prod: Target
) -> None:
    here, there = new_canary(target, step=1, weight=10), new_canary(prod, step=1, weight=10)
    browser = web_client(dev_only)
    assert f'action="/releases/{here.pk}/abort/"' in browser.get(here.get_absolute_url()).content.decode()
    page = browser.get(there.get_absolute_url()).content.decode()
    assert "You lack release.abort in team payments for prod" in page
    assert f'action="/releases/{there.pk}/abort/"' not in page
    Release.objects.all().update(ended=True, status="succeeded", phase="Succeeded")
    service = browser.get("/services/checkout/").content.decode()
    assert 'href="/services/checkout/deploy/?environment=dev"' in service
    assert 'href="/services/checkout/deploy/?environment=prod"' not in service
    new_revision(prod)
    assert (
        "You lack release.rollback in team payments for prod"
        in browser.get("/services/checkout/rollback/?environment=prod").content.decode()
    )


def asked(target: Target, by: User) -> Release:
    release = new_release(
        target, by=by, phase="AwaitingApproval", state={"reason": "ApprovalRequired"}, status="waiting"
    )
    ask(release, [AskApproval("start", ({"team": "payments", "count": 1},))], database_time())
    return release


def test_a_voice_counts_where_its_role_holds(
    api: Api, payments: Team, developer: User, target: Target, prod: Target
) -> None:
    judge = member_of(payments, "approver", new_user("ona"), environment="prod")
    here, there = asked(target, developer), asked(prod, developer)
    assert inbox_count(User.objects.get(pk=judge.pk)) == 1
    refused = api(judge).post(f"/releases/{here.pk}/approve/")
    assert refused.status_code == 403
    assert "in dev" in refused.json()["detail"]
    assert here.approvals.get().state == "pending"
    assert api(judge).post(f"/releases/{there.pk}/approve/").status_code == 202
    assert there.approvals.get().state == "approved"


def test_a_custom_role_that_approves_has_a_voice(api: Api, payments: Team, developer: User, target: Target) -> None:
    new_role("judge", "release.approve", "release.reject")
    release = asked(target, developer)
    assert api(member_of(payments, "judge")).post(f"/releases/{release.pk}/approve/").status_code == 202
    assert release.approvals.get().state == "approved"


def test_a_plan_counts_who_can_approve_there(payments: Team, developer: User, target: Target, prod: Target) -> None:
    member_of(payments, "approver", new_user("ona"), environment="prod")
    for place in (target, prod):
        place.environment.approvals = [{"team": "payments", "count": 1}]
    now = timezone.now()
    assert [one.code for one in plan_gates(target, RollingUpdate(), developer, now)[1]] == ["approval"]
    assert plan_gates(prod, RollingUpdate(), developer, now)[1] == []


def test_a_window_is_overridden_by_a_role_that_holds_there(
    api: Api, payments: Team, target: Target, prod: Target
) -> None:
    now = timezone.now()
    window = {
        "name": "new year",
        "mode": "block",
        "starts": (now - timedelta(hours=1)).isoformat(),
        "ends": (now + timedelta(hours=5)).isoformat(),
        "override_role": "approver",
    }
    for place in (target, prod):
        place.environment.freeze_windows = [window]
        place.environment.save()
    held = {"phase": "Progressing", "state": {"reason": "FreezeWindow"}}
    here, there = new_canary(target, step=1, weight=10, **held), new_canary(prod, step=1, weight=10, **held)
    judge = api(member_of(payments, "approver", new_user("ona"), environment="prod"))
    assert judge.post(f"/releases/{here.pk}/override/", {"reason": "now"}).status_code == 403
    assert judge.post(f"/releases/{there.pk}/override/", {"reason": "now"}).status_code == 202
