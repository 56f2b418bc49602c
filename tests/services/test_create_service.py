"""Putting a service into the catalog."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from audit.models import Entry
from services.models import Service
from tests.callers import ApiClient, PageClient
from tests.factories.services import new_service

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

FULL = {
    "name": "checkout",
    "team": "payments",
    "title": "Checkout",
    "description": "Takes a basket to a paid order.",
    "lifecycle": "experimental",
    "system": "shop",
    "tags": ["critical"],
    "links": [{"title": "Runbook", "url": "https://wiki.example/checkout"}],
    "annotations": {"pager": "payments-primary"},
    "depends_on": ["basket", "stock"],
    "provides_apis": ["orders v2"],
}


def test_it_creates_a_service_with_all_that_is_said(api: Api, developer: User) -> None:
    made = api(developer).post("/services/", FULL)
    assert made.status_code == 201, made.content
    assert made["Location"] == "/api/v1/services/checkout/"
    read = api(developer).get("/services/checkout/")
    assert {name: read.json()[name] for name in FULL} == FULL
    assert read["ETag"] == '"1"'


def test_it_is_audited(api: Api, developer: User) -> None:
    api(developer).post("/services/", {"name": "checkout", "team": "payments"})
    entry = Entry.objects.get(action="service.create")
    assert (entry.actor, entry.object_name, entry.team) == ("dev", "checkout", "payments")
    assert entry.after["lifecycle"] == "production"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("check out", "space"),
        ("bücher", "letters beyond a to z"),
        ("c" * 64, "64 characters"),
        ("Checkout", "capital letters"),
        ("-checkout", "cannot be a name"),
        ("checkout\n", "space"),
        ("", "needed"),
        ("new", "address of the portal"),
        ("import", "address of the portal"),
    ],
)
def test_names_that_cannot_be_are_told_at_their_field(api: Api, developer: User, name: str, reason: str) -> None:
    answer = api(developer).post("/services/", {"name": name, "team": "payments"})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/name"
    assert reason in error["detail"]
    assert not Service.objects.exists()


def test_a_name_that_is_taken_is_a_conflict(api: Api, developer: User) -> None:
    new_service("checkout")
    answer = api(developer).post("/services/", {"name": "checkout", "team": "payments"})
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["pointer"] == "/name"


def test_every_bad_field_is_told_at_once(api: Api, developer: User) -> None:
    bad = {
        **FULL,
        "lifecycle": "retired",
        "links": [{"title": "x", "url": "javascript:alert(1)"}],
        "tags": "critical",
        "annotations": {"a/b": 1},
        "depends_on": ["checkout", "Basket"],
        "colour": "red",
    }
    answer = api(developer).post("/services/", bad)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/lifecycle",
        "/links/0/url",
        "/tags",
        "/annotations/a~1b",
        "/depends_on",
        "/depends_on/1",
        "/colour",
    }


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_a_body_that_is_no_object_is_refused(api: Api, developer: User, body: object) -> None:
    assert api(developer).post("/services/", body).status_code in {400, 422}


def test_viewers_may_not(api: Api, viewer: User) -> None:
    answer = api(viewer).post("/services/", {"name": "checkout", "team": "payments"})
    assert answer.status_code == 403
    assert "service.create" in answer.json()["detail"]
    assert "maintainers of team payments" in answer.json()["granted_by"]


def test_another_team_is_as_unknown_as_one_there_is_not(api: Api, payments: Team, stranger: User) -> None:
    real = api(stranger).post("/services/", {"name": "checkout", "team": "payments"})
    unreal = api(stranger).post("/services/", {"name": "checkout", "team": "nobody"})
    assert real.status_code == unreal.status_code == 422
    assert real.json()["detail"].replace("payments", "nobody") == unreal.json()["detail"]


def test_the_same_key_twice_creates_once(api: Api, developer: User) -> None:
    caller = api(developer)
    first = caller.post("/services/", FULL, headers={"Idempotency-Key": "one"})
    second = caller.post("/services/", FULL, headers={"Idempotency-Key": "one"})
    assert first.status_code == second.status_code == 201
    assert second["Idempotency-Replayed"] == "true"
    assert Service.objects.count() == 1


def test_the_form_creates_and_leads_to_the_page(web_client: Web, developer: User) -> None:
    typed = {
        "name": "checkout",
        "team": "payments",
        "lifecycle": "production",
        "depends_on": "basket, stock",
        "links": "Runbook https://wiki.example/checkout",
        "annotations": "pager=payments-primary",
    }
    answer = web_client(developer).post("/services/new/", typed)
    assert answer.status_code == 303
    assert answer["Location"] == "/services/checkout/"
    service = Service.objects.get()
    assert service.depends_on == ["basket", "stock"]
    assert service.links == [{"title": "Runbook", "url": "https://wiki.example/checkout"}]
    assert service.annotations == {"pager": "payments-primary"}


def test_the_form_keeps_what_was_typed_beside_what_is_wrong(web_client: Web, developer: User) -> None:
    typed = {"name": "check out", "team": "payments", "lifecycle": "production", "description": "A long text of mine"}
    answer = web_client(developer).post("/services/new/", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "holds a space" in page
    assert "A long text of mine" in page
    assert 'value="check out"' in page


def test_the_form_says_why_a_viewer_may_not(web_client: Web, viewer: User) -> None:
    assert "You lack service.create" in web_client(viewer).get("/services/new/").content.decode()
