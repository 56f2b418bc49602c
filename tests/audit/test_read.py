"""Who may read which entries, and how they are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import Team, User
from audit.models import Entry
from audit.record import audit
from tests.callers import ApiClient
from tests.factories.accounts import new_team

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


@pytest.fixture
def entries(admin: User, developer: User, maintainer: User, stranger: User, payments: Team) -> None:
    strangers = Team.objects.get(name="strangers")
    audit(admin, "team.create", payments, team="payments")
    audit(developer, "team.edit", payments, team="payments")
    audit(stranger, "team.edit", strangers, team="strangers")


def acts(answer: object) -> list[tuple[str, str]]:
    return [(entry["actor"], entry["object"]) for entry in answer.json()["results"]]


def test_each_reads_what_concerns_them(
    api: Api, admin: User, developer: User, maintainer: User, stranger: User, viewer: User, entries: None
) -> None:
    of_payments = [("dev", "team/payments"), ("ada", "team/payments")]
    assert acts(api(admin).get("/audit/")) == [("sam", "team/strangers"), *of_payments]
    assert acts(api(maintainer).get("/audit/")) == of_payments
    assert acts(api(developer).get("/audit/")) == [("dev", "team/payments")]
    assert acts(api(stranger).get("/audit/")) == [("sam", "team/strangers")]
    assert acts(api(viewer).get("/audit/")) == []


def test_filters_narrow(api: Api, admin: User, entries: None) -> None:
    caller = api(admin)
    assert len(acts(caller.get("/audit/?actor=DEV"))) == 1
    assert len(acts(caller.get("/audit/?object=payments"))) == 2
    assert len(acts(caller.get("/audit/?object=team/strangers"))) == 1
    assert len(acts(caller.get(f"/audit/?object={Team.objects.get(name='payments').pk}"))) == 2
    assert len(acts(caller.get("/audit/?action=team.edit&team=strangers"))) == 1
    assert acts(caller.get("/audit/?since=2100-01-01T00:00:00Z")) == []
    assert len(acts(caller.get("/audit/?until=2100-01-01T00:00:00%2B01:00"))) == 3
    assert caller.get("/audit/?since=yesterday").status_code == 400


def test_the_page_shows_the_same(web_client: Browser, admin: User, developer: User, entries: None) -> None:
    page = web_client(admin).get("/audit/").content.decode()
    assert "strangers" in page
    own = web_client(developer).get("/audit/").content.decode()
    assert "team.edit" in own
    assert "strangers" not in own
    narrowed = web_client(admin).get("/audit/?actor=nobody").content.decode()
    assert "Nothing fits" in narrowed
    wrong = web_client(admin).get("/audit/?since=yesterday")
    assert (wrong.status_code, "no RFC 3339 time" in wrong.content.decode()) == (200, True)


def test_the_live_fragment_obeys_the_same_rule(web_client: object, developer: User, entries: None) -> None:
    fragment = web_client(developer).fragment("/audit/", "entries").content.decode()
    assert "<html" not in fragment
    assert "strangers" not in fragment


def test_a_long_log_costs_no_more_queries(
    api: Api, web_client: Browser, admin: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    team = new_team()
    for _ in range(120):
        audit(admin, "team.edit", team, team=team.name)
    caller, browser = api(admin), web_client(admin)
    caller.get("/audit/")
    with django_assert_max_num_queries(4):
        assert len(caller.get("/audit/").json()["results"]) == 50
    with django_assert_max_num_queries(8):
        assert browser.get("/audit/?page=2").status_code == 200


def test_times_are_in_utc(api: Api, admin: User, entries: None) -> None:
    at = api(admin).get("/audit/").json()["results"][0]["at"]
    assert at.endswith("Z")
    assert abs((datetime.fromisoformat(at) - datetime.now(UTC)).total_seconds()) < 60
    assert Entry.objects.count() == 3
