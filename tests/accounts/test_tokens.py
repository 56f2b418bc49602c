"""Tokens: made at the command line, over REST and in the browser; used, limited, revoked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Token, User
from accounts.tokens import hashed
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import new_user

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


def made_by_command(*arguments: str) -> str:
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue()


def called_with(raw: str) -> ApiClient:
    client = ApiClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    return client


@pytest.mark.django_db
def test_the_command_prints_the_token_alone_and_it_works() -> None:
    new_user("ci-bot")
    printed = made_by_command("CI-bot", "--name", "ci", "--scope", "deploy", "--scope", "read", "--expires", "30d")
    assert printed == f"{printed.strip()}\n"
    assert printed.startswith("slip_")
    token = Token.objects.get()
    assert token.hash == hashed(printed.strip())
    assert token.scopes == ["read", "deploy"]
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    me = called_with(printed.strip()).get("/me/").json()
    assert (me["username"], me["token"]["name"], me["token"]["scopes"]) == ("ci-bot", "ci", ["read", "deploy"])
    token.refresh_from_db()
    assert token.last_used_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "--name", "ci"), "no active user"),
        (("ana", "--name", "ci", "--expires", "soon"), "Write a duration"),
        (("ana", "--name", ""), "1 to 100 characters"),
        (("ana", "--name", "ci", "--scope", "everything"), "invalid choice"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: tuple[str, ...], said: str) -> None:
    new_user("ana")
    with pytest.raises(CommandError, match=said):
        made_by_command(*arguments)
    assert not Token.objects.exists()


def test_a_token_made_over_rest_is_told_once_and_listed_without_itself(api: Api, developer: User) -> None:
    caller = api(developer)
    made = caller.post("/tokens/", {"name": "ci", "scopes": ["deploy"], "expires": "12h"}).json()
    assert called_with(made["token"]).get("/me/").json()["username"] == "dev"
    listed = caller.get("/tokens/?search=ci").content.decode()
    assert made["prefix"] in listed
    assert made["token"] not in listed
    assert Token.objects.get(pk=made["id"]).hash not in listed
    entry = Entry.objects.get(action="token.create")
    assert made["token"] not in str(entry.after)


def test_a_repeated_post_does_not_repeat_the_secret(api: Api, developer: User) -> None:
    caller = api(developer)
    first = caller.post("/tokens/", {"name": "ci"}, headers={"Idempotency-Key": "one"})
    again = caller.post("/tokens/", {"name": "ci"}, headers={"Idempotency-Key": "one"})
    assert again["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert "token" not in again.json()
    assert Token.objects.filter(name="ci", prefix=first.json()["prefix"]).count() == 1


def test_a_limited_token_makes_no_others(api: Api, developer: User) -> None:
    answer = api(developer, scopes=["deploy"]).post("/tokens/", {"name": "wider"})
    assert answer.status_code == 403
    assert Token.objects.count() == 1


def test_a_revoked_token_no_longer_works(api: Api, developer: User) -> None:
    caller = api(developer)
    made = caller.post("/tokens/", {"name": "ci"}).json()
    assert caller.delete(f"/tokens/{made['id']}/").status_code == 204
    assert called_with(made["token"]).get("/me/").status_code == 401
    assert Entry.objects.filter(action="token.revoke").count() == 1


def test_a_limited_token_ends_itself_and_no_other(api: Api, admin: User, viewer: User) -> None:
    other = api(viewer).post("/tokens/", {"name": "other"}).json()
    reader = api(admin, scopes=["read"])
    own = next(one for one in reader.get("/tokens/?user=ada").json()["results"] if one["scopes"] == ["read"])

    assert reader.delete(f"/tokens/{other['id']}/").status_code == 403
    assert Token.objects.get(pk=other["id"]).revoked_at is None
    assert reader.delete(f"/tokens/{own['id']}/").status_code == 204


def test_tokens_of_others_are_nowhere(api: Api, web_client: Browser, developer: User, viewer: User) -> None:
    other = api(viewer).post("/tokens/", {"name": "other"}).json()
    assert api(developer).delete(f"/tokens/{other['id']}/").status_code == 404
    assert api(developer).get(f"/tokens/{other['id']}/").status_code == 404
    assert web_client(developer).post(f"/settings/tokens/{other['id']}/revoke/").status_code == 404
    assert Token.objects.get(pk=other["id"]).revoked_at is None


def test_a_token_is_made_and_revoked_in_the_browser(web_client: Browser, developer: User) -> None:
    browser = web_client(developer)
    page = browser.post("/settings/tokens/", {"name": "ci", "expires": "30d", "scopes": ["deploy"]})
    token = Token.objects.get()
    assert page.status_code == 201
    assert token.prefix in page.content.decode()
    assert "slip_" in page.content.decode()
    browser.post(f"/settings/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.state == "revoked"


def test_the_scopes_of_a_token_limit_what_its_user_may(api: Api, admin: User) -> None:
    reader = api(admin, scopes=["read"])
    assert reader.get("/users/").status_code == 200
    refused = reader.post("/teams/", {"name": "payments"})
    assert refused.status_code == 403
    assert "lacks the scope admin" in refused.json()["detail"]
    assert api(admin, scopes=["admin"]).post("/teams/", {"name": "payments"}).status_code == 201


def test_an_unused_minute_is_not_written_down_again(api: Api, developer: User) -> None:
    caller = api(developer)
    caller.get("/me/")
    first = Token.objects.get().last_used_at
    caller.get("/me/")
    assert Token.objects.get().last_used_at == first
