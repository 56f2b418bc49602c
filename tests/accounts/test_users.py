"""Making and editing users: command line, REST and pages do the same."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import new_user

PASSWORD = "correct horse battery"

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


def test_an_admin_creates_a_user_over_rest(api: Api, admin: User) -> None:
    answer = api(admin).post("/users/", {"username": "Lin", "password": PASSWORD, "email": "lin@shop.example"})
    assert answer.status_code == 201
    assert answer["Location"] == "/api/v1/users/Lin/"
    assert answer.json()["username"] == "Lin"
    assert PASSWORD not in answer.content.decode()
    assert User.objects.get(username="Lin").check_password(PASSWORD)
    entry = Entry.objects.get(action="user.create")
    assert (entry.actor, entry.object_name, entry.after["email"]) == ("ada", "Lin", "lin@shop.example")


def test_an_admin_creates_a_user_in_the_browser(web_client: Browser, admin: User) -> None:
    answer = web_client(admin).post("/settings/users/", {"username": "lin", "password": PASSWORD, "is_admin": "on"})
    assert (answer.status_code, answer["Location"]) == (303, "/settings/users/lin/")
    assert User.objects.get(username="lin").is_admin


@pytest.mark.parametrize("name", ["lin", "LIN"])
def test_a_name_is_taken_whatever_its_case(api: Api, admin: User, name: str) -> None:
    new_user("Lin")
    answer = api(admin).post("/users/", {"username": name, "password": PASSWORD})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:slipway:problem:name_taken"


def test_a_taken_name_keeps_what_was_typed_in_the_browser(web_client: Browser, admin: User) -> None:
    new_user("lin")
    answer = web_client(admin).post(
        "/settings/users/", {"username": "lin", "password": PASSWORD, "email": "lin@shop.example"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "There is a user named lin already." in page
    assert 'value="lin@shop.example"' in page
    assert PASSWORD not in page


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"username": "a b", "password": PASSWORD}, "/username"),
        ({"username": "ü", "password": PASSWORD}, "/username"),
        ({"username": "", "password": PASSWORD}, "/username"),
        ({"username": "x" * 151, "password": PASSWORD}, "/username"),
        ({"username": "lin\n", "password": PASSWORD, "email": "x"}, "/email"),
        ({"username": "lin", "password": "short"}, "/password"),
        ({"username": "lin"}, "/password"),
        ({"username": "lin", "password": PASSWORD, "email": "nowhere"}, "/email"),
        ({"username": "javascript:alert(1)", "password": PASSWORD}, "/username"),
    ],
)
def test_values_that_cannot_be_accepted_are_pointed_at(
    api: Api, admin: User, body: dict[str, str], pointer: str
) -> None:
    answer = api(admin).post("/users/", body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert User.objects.count() == 1


def test_others_than_admins_create_nobody(api: Api, web_client: Browser, maintainer: User) -> None:
    answer = api(maintainer).post("/users/", {"username": "lin", "password": PASSWORD})
    assert answer.status_code == 403
    problem = answer.json()
    assert (problem["permission"], problem["granted_by"]) == ("user.create", "an admin")
    assert web_client(maintainer).post("/settings/users/", {"username": "lin"}).status_code == 403
    page = web_client(maintainer).get("/settings/users/").content.decode()
    assert "user.create is for admins." in page


def test_people_see_those_of_their_teams(
    api: Api, web_client: Browser, developer: User, viewer: User, stranger: User
) -> None:
    seen = api(developer).get("/users/").json()
    assert [person["username"] for person in seen["results"]] == ["dev", "vic"]
    assert api(developer).get("/users/vic/").status_code == 200
    assert api(developer).get("/users/sam/").status_code == 404
    assert web_client(developer).get("/settings/users/vic/").status_code == 200
    assert web_client(developer).get("/settings/users/sam/").status_code == 404


def test_switching_somebody_off_ends_sessions_and_tokens(
    api: Api, web_client: Browser, admin: User, developer: User
) -> None:
    machine, browser = api(developer), web_client(developer)
    assert machine.get("/me/").status_code == 200
    assert api(admin).patch("/users/dev/", {"is_active": False}).status_code == 200
    assert machine.get("/me/").status_code == 401
    assert browser.get("/settings/profile/").status_code == 302
    entry = Entry.objects.get(action="user.edit")
    assert (entry.before["is_active"], entry.after["is_active"]) == (True, False)


def test_an_edit_that_is_refused_changes_no_password(api: Api, admin: User) -> None:
    before = admin.password
    refused = api(admin).patch("/users/ada/", {"password": "correct horse battery", "is_admin": False})
    assert refused.status_code == 409
    assert User.objects.get(pk=admin.pk).password == before


def test_the_last_admin_stays_one(api: Api, web_client: Browser, admin: User) -> None:
    answer = api(admin).patch("/users/ada/", {"is_admin": False})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:slipway:problem:last_admin")
    page = web_client(admin).post("/settings/users/ada/", {"is_active": "on", "email": ""})
    assert page.status_code == 422
    admin.refresh_from_db()
    assert admin.is_admin


def test_an_admin_gives_somebody_a_new_password_in_the_browser(
    web_client: Browser, admin: User, developer: User
) -> None:
    answer = web_client(admin).post(
        "/settings/users/dev/", {"email": "dev@shop.example", "is_active": "on", "password": PASSWORD}
    )
    assert answer.status_code == 303
    developer.refresh_from_db()
    assert developer.check_password(PASSWORD)
    assert developer.email == "dev@shop.example"


@pytest.mark.django_db
def test_the_command_line_makes_a_user_and_prints_a_made_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))
    out = StringIO()
    call_command("create_user", "lin", "--team", "payments", "--role", "approver", stdout=out)
    user = User.objects.get(username="lin")
    assert user.check_password(out.getvalue().strip())
    assert list(user.memberships.values_list("team__name", "role")) == [("payments", "approver")]
    assert Entry.objects.filter(actor="slipway", action="user.create").count() == 1


@pytest.mark.django_db
def test_the_command_line_takes_a_password_on_stdin_and_refuses_a_bad_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        call_command("create_user", "lin")
    monkeypatch.setattr("sys.stdin", StringIO(f"{PASSWORD}\n"))
    out = StringIO()
    call_command("create_user", "lin", stdout=out)
    assert out.getvalue() == ""
    assert User.objects.get(username="lin").check_password(PASSWORD)


@pytest.mark.django_db
def test_the_first_admin_is_made_once_with_a_password_only_its_owner_reads(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    out = StringIO()
    call_command("create_admin", stdout=out)
    file = tmp_path / "admin-password"
    password = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert password not in out.getvalue()
    admin = User.objects.get(username="admin")
    assert admin.check_password(password)
    assert admin.is_admin
    call_command("create_admin", stdout=out)
    assert (User.objects.count(), file.read_text()) == (1, password)
