"""The end of a session: announced, put off on request, and a sign-in in between leads back to the page one stood on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Entry
from tests.callers import PageClient
from tests.factories.accounts import new_user

pytestmark = pytest.mark.django_db
Web = Callable[[User], PageClient]
PASSWORD = "correct horse battery"


@pytest.fixture
def signed_in(anonymous: Client) -> Client:
    new_user("ana", password=PASSWORD)
    anonymous.post("/sign-in/", {"username": "ana", "password": PASSWORD})
    return anonymous


def test_a_page_knows_when_its_session_ends(signed_in: Client) -> None:
    page = signed_in.get("/settings/profile/").content.decode()
    assert f'data-ends="{signed_in.session["ends_at"][:16]}' in page


def test_it_can_be_put_off_with_and_without_javascript(signed_in: Client) -> None:
    first = signed_in.session["ends_at"]
    answer = signed_in.post("/session/renew/", headers={"Accept": "application/json"})
    assert answer.json()["ends_at"] == signed_in.session["ends_at"] > first
    plain = signed_in.post("/session/renew/", {"next": "/audit/"})
    assert (plain.status_code, plain["Location"]) == (303, "/audit/")
    assert Entry.objects.filter(action="session.renew", actor="ana").count() == 2


def test_a_fragment_of_a_page_leads_back_to_the_whole_page(anonymous: Client) -> None:
    htmx = {"HX-Request": "true", "HX-Current-URL": "http://testserver/services/?team=payments"}
    answer = anonymous.get("/services/?team=payments&fragment=list", headers=htmx)
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/sign-in/?next=%2Fservices%2F%3Fteam%3Dpayments"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/services/new/?team=a", "%2Fservices%2Fnew%2F%3Fteam%3Da"),
        ("https://evil.example/x", "%2F"),
        ("javascript:evil()", "%2F"),
        ("", "%2F"),
    ],
)
def test_a_form_that_came_too_late_leads_back_to_itself(anonymous: Client, referer: str, back: str) -> None:
    answer = anonymous.post("/services/new/", headers={"Referer": referer})
    assert answer["Location"] == f"/sign-in/?next={back}"
