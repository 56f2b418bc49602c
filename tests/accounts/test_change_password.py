"""A person gives themselves a new password."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from audit.models import Entry
from tests.factories.accounts import new_user

PASSWORD = "correct horse battery"
NEW = "another long password"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return new_user("ana", password=PASSWORD)


def test_it_changes_the_password_and_keeps_this_session_only(ana: User, web_client: Callable[[User], Client]) -> None:
    here, elsewhere = web_client(ana), web_client(ana)
    answer = here.post("/settings/profile/", {"old_password": PASSWORD, "password": NEW})
    assert answer.status_code == 303
    ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert here.get("/settings/profile/").status_code == 200
    assert elsewhere.get("/settings/profile/").status_code == 302
    assert Entry.objects.get(action="user.set_password").before is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("not my password", NEW, "This is not your password."),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "password1234", "too common"),
    ],
)
def test_it_refuses(ana: User, web_client: Callable[[User], Client], old: str, new: str, said: str) -> None:
    answer = web_client(ana).post("/settings/profile/", {"old_password": old, "password": new})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_guessing_the_old_one_is_limited(ana: User, web_client: Callable[[User], Client]) -> None:
    browser = web_client(ana)
    guesses = [
        browser.post("/settings/profile/", {"old_password": "wrong", "password": NEW}).status_code for _ in range(5)
    ]

    assert guesses == [422, 422, 422, 422, 429]
    assert browser.post("/settings/profile/", {"old_password": PASSWORD, "password": NEW}).status_code == 429
    assert ana.check_password(PASSWORD)
