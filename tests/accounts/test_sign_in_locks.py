"""Locks as admins see them, and lifting one. That they hold: tests/abuse/test_t25."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axes.models import AccessAttempt
from django.test import Client

from accounts.models import User
from audit.models import Entry
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import new_user

pytestmark = pytest.mark.django_db

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def locked(valkey: object) -> None:
    """Ana, locked for one address; and a name that nobody has."""
    new_user("ana", password=PASSWORD)
    for name in ("Ana", "<b>nobody</b>"):
        for _ in range(5):
            guess(name, "wrong")
    guess("zoltan", "wrong")


def guess(name: str, password: str, address: str = "192.0.2.1") -> int:
    status: int = Client(REMOTE_ADDR=address).post("/sign-in/", {"username": name, "password": password}).status_code
    return status


def test_an_admin_sees_who_is_locked_and_lifts_it(admin: User, web_client: Web) -> None:
    boss = web_client(admin)
    page = boss.get("/settings/sign-in-rules/").content.decode()
    assert "192.0.2.1" in page and "&lt;b&gt;nobody&lt;/b&gt;" in page and "zoltan" not in page
    row = AccessAttempt.objects.get(username="ana", ip_address="192.0.2.1")

    boss.post(f"/settings/sign-in-rules/locks/00000000-0000-0000-0000-{row.pk:012x}/lift/")

    assert guess("ana", PASSWORD) == 303
    entry = Entry.objects.get(action="sign_in_lock.lift")
    assert (entry.actor, entry.object_name, entry.data["address"]) == ("ada", "ana", "192.0.2.1")


def test_rest_lists_and_lifts_them(admin: User, api: Api) -> None:
    caller = api(admin)
    found = caller.get("/sign-in-locks/").json()
    assert sorted(one["username"] for one in found["results"]) == ["<b>nobody</b>", "ana"]
    [lock] = caller.get("/sign-in-locks/?username=ANA").json()["results"]
    assert (lock["address"], lock["failures"]) == ("192.0.2.1", 5)
    assert caller.get(f"/sign-in-locks/{lock['id']}/").json() == lock

    assert caller.delete(f"/sign-in-locks/{lock['id']}/").status_code == 204

    assert caller.get(f"/sign-in-locks/{lock['id']}/").status_code == 404
    assert guess("ana", PASSWORD) == 303


def test_nobody_else_sees_or_lifts_them(maintainer: User, api: Api, web_client: Web) -> None:
    row = AccessAttempt.objects.get(username="ana", ip_address="192.0.2.1")
    place = f"00000000-0000-0000-0000-{row.pk:012x}"

    assert api(maintainer).get("/sign-in-locks/").status_code == 403
    assert api(maintainer).delete(f"/sign-in-locks/{place}/").status_code == 403
    assert web_client(maintainer).post(f"/settings/sign-in-rules/locks/{place}/lift/").status_code == 403
    assert guess("ana", PASSWORD) == 429


def test_nothing_of_what_was_typed_is_kept() -> None:
    Client().post("/sign-in/?secret=of-the-address", {"username": "ana", "password": "a near miss", "more": "x" * 999})

    for row in AccessAttempt.objects.all().values():
        assert not {"a near miss", "of-the-address", "x" * 999} & set(map(str, row.values()))
        assert row["get_data"] == row["post_data"] == row["user_agent"] == ""
