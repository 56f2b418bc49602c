"""Signing in and out with a browser."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from audit.models import Entry
from tests.factories.accounts import new_user

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.django_db


def sign_in(browser: Client, username: str, password: str, **more: str) -> object:
    return browser.post("/sign-in/", {"username": username, "password": password, **more})


def test_a_page_asks_to_sign_in_and_comes_back(anonymous: Client) -> None:
    new_user("ana", password=PASSWORD)
    asked = anonymous.get("/settings/tokens/?page=2")
    assert asked.status_code == 302
    assert asked["Location"] == "/sign-in/?next=%2Fsettings%2Ftokens%2F%3Fpage%3D2"
    form = anonymous.get(asked["Location"])
    assert 'name="next" value="/settings/tokens/?page=2"' in form.content.decode()
    answer = sign_in(anonymous, "ANA", PASSWORD, next="/settings/tokens/?page=2")
    assert (answer.status_code, answer["Location"]) == (303, "/settings/tokens/?page=2")
    assert anonymous.get("/settings/tokens/").status_code == 200


def test_signing_in_begins_a_new_session_and_leaves_a_trace(anonymous: Client) -> None:
    user = new_user("ana", password=PASSWORD)
    anonymous.get("/sign-in/")
    sign_in(anonymous, "ana", PASSWORD)
    entry = Entry.objects.get()
    assert (entry.actor, entry.action, entry.object_id) == ("ana", "session.begin", str(user.pk))


def test_wrong_name_and_wrong_password_are_told_apart_by_nobody(anonymous: Client) -> None:
    new_user("ana", password=PASSWORD)
    new_user("off", password=PASSWORD, is_active=False)
    answers = [
        sign_in(anonymous, name, password)
        for name, password in [("ana", "wrong password"), ("nobody", "wrong password"), ("off", PASSWORD)]
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    said = {re.findall(r"<strong>(.*?)</strong>", answer.content.decode())[0] for answer in answers}
    assert said == {"That user name and password do not go together."}


def test_what_was_typed_stays_except_the_password(anonymous: Client) -> None:
    page = sign_in(anonymous, "ana", "wrong password", next="/audit/").content.decode()
    assert 'value="ana"' in page
    assert 'value="/audit/"' in page
    assert "wrong password" not in page


def test_signing_out_ends_the_session(anonymous: Client) -> None:
    new_user("ana", password=PASSWORD)
    sign_in(anonymous, "ana", PASSWORD)
    assert anonymous.get("/sign-out/").status_code == 405
    assert anonymous.post("/sign-out/")["Location"] == "/sign-in/"
    assert anonymous.get("/settings/profile/").status_code == 302


def test_a_session_dies_with_the_account(anonymous: Client) -> None:
    user = new_user("ana", password=PASSWORD)
    sign_in(anonymous, "ana", PASSWORD)
    user.is_active = False
    user.save()
    assert anonymous.get("/settings/profile/").status_code == 302


def test_a_session_dies_with_the_password(anonymous: Client) -> None:
    user = new_user("ana", password=PASSWORD)
    sign_in(anonymous, "ana", PASSWORD)
    user.set_password("another long password")
    user.save()
    assert anonymous.get("/settings/profile/").status_code == 302


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(anonymous: Client) -> None:
    answer = anonymous.get("/settings/profile/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith("/sign-in/")
