"""Stages: who may make them, what they may say, when they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from services.models import Environment, Service
from tests.callers import ApiClient, PageClient
from tests.factories.services import new_environment, new_target

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

WEEKEND = {
    "name": "weekend",
    "weekdays": ["sat", "sun"],
    "from": "00:00",
    "to": "23:59",
    "time_zone": "Europe/Berlin",
    "mode": "warn",
}
HOLIDAYS = {"name": "holidays", "starts": "2026-12-23T00:00:00+00:00", "ends": "2027-01-04T00:00:00+00:00"}


def test_an_admin_creates_one_with_its_rules(api: Api, admin: User, payments: Team) -> None:
    body = {
        "name": "prod",
        "order": 30,
        "protected": True,
        "colour": "prod",
        "approvals": [{"team": "payments", "count": 2}],
        "freeze_windows": [WEEKEND, {**HOLIDAYS, "mode": "block", "override_role": "maintainer"}],
    }
    made = api(admin).post("/environments/", body)
    assert made.status_code == 201, made.content
    read = api(admin).get("/environments/prod/").json()
    assert {name: read[name] for name in body} == body
    assert Entry.objects.get(action="environment.create").after["protected"] is True


def test_everybody_reads_them_in_their_order(api: Api, viewer: User) -> None:
    for order, name in ((30, "prod"), (10, "dev"), (20, "staging")):
        new_environment(name, order=order)
    answer = api(viewer).get("/environments/")
    assert [row["name"] for row in answer.json()["results"]] == ["dev", "staging", "prod"]


def test_only_admins_write(api: Api, maintainer: User, prod: Environment) -> None:
    assert api(maintainer).post("/environments/", {"name": "qa"}).status_code == 403
    assert api(maintainer).patch("/environments/prod/", {"order": 1}).status_code == 403
    assert api(maintainer).delete("/environments/prod/").status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "Prod"}, "/name"),
        ({"name": "new"}, "/name"),
        ({"name": "qa", "order": -1}, "/order"),
        ({"name": "qa", "order": True}, "/order"),
        ({"name": "qa", "protected": "yes"}, "/protected"),
        ({"name": "qa", "colour": "pink"}, "/colour"),
        ({"name": "qa", "approvals": [{"team": "nobody"}]}, "/approvals/0/team"),
        ({"name": "qa", "approvals": [{"team": "payments", "count": 0}]}, "/approvals/0/count"),
        ({"name": "qa", "freeze_windows": [{"name": "x"}]}, "/freeze_windows/0"),
        ({"name": "qa", "freeze_windows": [{**WEEKEND, "time_zone": "Mars/Base"}]}, "/freeze_windows/0/time_zone"),
        ({"name": "qa", "freeze_windows": [{**WEEKEND, "from": "24:00"}]}, "/freeze_windows/0/from"),
        ({"name": "qa", "freeze_windows": [{**HOLIDAYS, "ends": HOLIDAYS["starts"]}]}, "/freeze_windows/0/ends"),
        ({"name": "qa", "freeze_windows": [{**HOLIDAYS, "starts": "2026-12-23"}]}, "/freeze_windows/0/starts"),
    ],
)
def test_what_cannot_be_is_told_at_its_place(
    api: Api, admin: User, payments: Team, body: dict[str, Any], pointer: str
) -> None:
    answer = api(admin).post("/environments/", body)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_name_twice_is_a_conflict(api: Api, admin: User, prod: Environment) -> None:
    assert api(admin).post("/environments/", {"name": "prod"}).status_code == 409


def test_one_in_use_stays_and_says_for_what(api: Api, admin: User, prod: Environment, checkout: Service) -> None:
    target = new_target(checkout, prod)
    answer = api(admin).delete("/environments/prod/")
    assert answer.status_code == 409
    assert answer.json()["blocked_by"][0]["service"] == "checkout"
    target.delete()
    assert api(admin).delete("/environments/prod/").status_code == 204


def test_an_edit_of_an_old_version_is_refused(api: Api, admin: User, prod: Environment) -> None:
    assert api(admin).patch("/environments/prod/", {"order": 5}, headers={"If-Match": '"1"'})["ETag"] == '"2"'
    assert api(admin).patch("/environments/prod/", {"order": 6}, headers={"If-Match": '"1"'}).status_code == 412


def test_the_pages_create_show_edit_and_remove(web_client: Web, admin: User, payments: Team) -> None:
    browser = web_client(admin)
    assert "No environments yet" in browser.get("/environments/").content.decode()
    typed = {"name": "prod", "order": "30", "colour": "prod", "protected": "on", "approvals": "payments 2"}
    assert browser.post("/environments/new/", typed)["Location"] == "/environments/prod/"
    assert "2 approvers of payments" in browser.get("/environments/prod/").content.decode()
    assert "2 × payments" in browser.get("/environments/").content.decode()

    typed = {"order": "30", "colour": "prod", "approvals": "payments two", "version": "1"}
    refused = browser.post("/environments/prod/edit/", typed)
    assert refused.status_code == 422
    assert "payments two" in refused.content.decode()
    assert browser.post("/environments/prod/edit/", {**typed, "approvals": ""}).status_code == 303
    assert Environment.objects.get().protected is False

    assert browser.post("/environments/prod/remove/", {"confirm": "prod"}).status_code == 303
    assert not Environment.objects.exists()
