"""Providers, rules and identities over REST: who may, what is refused, what is recorded, what is never told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import GroupRule, Identity, IdentityProvider, Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import new_user

Api = Callable[..., ApiClient]

WISH = {
    "name": "acme",
    "title": "Acme",
    "preset": "okta",
    "issuer": "https://acme.okta.com",
    "client_id": "0oa1",
    "client_secret": "planted-secret",
}


def made(caller: ApiClient, **more: Any) -> Any:
    return caller.post("/identity-providers/", {**WISH, **more})


def test_a_provider_is_made_with_what_its_preset_knows(api: Api, admin: User) -> None:
    answer = made(api(admin))
    assert answer.status_code == 201
    told = answer.json()
    assert answer["Location"] == "/api/v1/identity-providers/acme/"
    assert told["scopes"] == "openid profile email groups offline_access"
    assert told["callback_url"] == "http://localhost:8000/sign-in/with/acme/callback/"
    assert told["has_client_secret"] is True
    assert IdentityProvider.objects.get().client_secret == "planted-secret"


def test_the_client_secret_is_never_sent_to_another_host(api: Api, admin: User) -> None:
    caller = api(admin)
    made(caller)
    caller.patch("/identity-providers/acme/", {"issuer": "https://acme.okta.com/oauth2/default"})
    assert IdentityProvider.objects.get().client_secret == "planted-secret"
    caller.patch("/identity-providers/acme/", {"issuer": "https://elsewhere.example"})
    assert IdentityProvider.objects.get().client_secret == ""


def test_every_write_is_recorded_and_the_secret_nowhere(api: Api, admin: User, payments: Team, developer: User) -> None:
    caller = api(admin)
    made(caller)
    caller.patch("/identity-providers/acme/", {"title": "Acme SSO", "client_secret": "planted-again"})
    caller.post("/identity-providers/acme/rules/", {"group": "devs", "team": "payments", "role": "developer"})
    caller.post("/identities/", {"provider": "acme", "subject": "00u1", "user": "dev"})
    caller.delete(f"/identities/{Identity.objects.get().pk}/")
    caller.delete(f"/identity-providers/acme/rules/{GroupRule.objects.get().pk}/")
    caller.delete("/identity-providers/acme/")
    actions = list(Entry.objects.order_by("at").values_list("action", flat=True))
    assert actions == [
        "identity_provider.create",
        "identity_provider.edit",
        "group_rule.create",
        "identity.link",
        "identity.unlink",
        "group_rule.remove",
        "identity_provider.remove",
    ]
    edit = Entry.objects.get(action="identity_provider.edit")
    assert (edit.before["title"], edit.after["title"]) == ("Acme", "Acme SSO")
    assert edit.data["replaced"] == ["client_secret"]
    assert "planted" not in "".join(f"{row.before}{row.after}{row.data}" for row in Entry.objects.all())


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"issuer": "http://acme.okta.com"}, "/issuer"),
        ({"issuer": "https://user:x@acme.okta.com"}, "/issuer"),
        ({"issuer": "https://acme.okta.com/?a=b"}, "/issuer"),
        ({"issuer": "https://2130706433"}, "/issuer"),
        ({"issuer": "javascript:alert(1)"}, "/issuer"),
        ({"issuer": "file:///etc/passwd"}, "/issuer"),
        ({"name": "Not A Label"}, "/name"),
        ({"scopes": "profile"}, "/scopes"),
        ({"client_secret": "böse"}, "/client_secret"),
        ({"preset": "myspace"}, "/preset"),
        ({"token_days": 100000}, "/token_days"),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_field(api: Api, admin: User, change: Any, pointer: str) -> None:
    answer = made(api(admin), **change)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not IdentityProvider.objects.exists()


@pytest.mark.parametrize(
    "rule",
    [
        {"group": "devs"},
        {"group": "devs", "team": "payments"},
        {"group": "devs", "team": "payments", "role": "emperor"},
        {"group": "devs", "team": "no-such", "role": "developer"},
        {"group": "devs", "team": "payments", "role": "developer", "gives_admin": True},
        {"group": " ", "gives_admin": True},
    ],
)
def test_a_rule_gives_one_thing_that_is_there(api: Api, admin: User, payments: Team, rule: Any) -> None:
    caller = api(admin)
    made(caller)
    assert caller.post("/identity-providers/acme/rules/", rule).status_code == 422
    assert not GroupRule.objects.exists()


def test_the_same_rule_twice_and_the_same_name_twice_are_conflicts(api: Api, admin: User, payments: Team) -> None:
    caller = api(admin)
    made(caller)
    rule = {"group": "devs", "team": "payments", "role": "developer"}
    assert caller.post("/identity-providers/acme/rules/", rule).status_code == 201
    assert caller.post("/identity-providers/acme/rules/", rule).status_code == 409
    assert made(caller).status_code == 409


def test_an_edit_of_what_somebody_else_has_edited_is_refused(api: Api, admin: User) -> None:
    caller = api(admin)
    tag = made(caller)["ETag"]
    assert caller.patch("/identity-providers/acme/", {"title": "One"}, HTTP_IF_MATCH=tag).status_code == 200
    assert caller.patch("/identity-providers/acme/", {"title": "Two"}, HTTP_IF_MATCH=tag).status_code == 412
    assert IdentityProvider.objects.get().title == "One"


def test_the_issuer_stays_once_people_are_linked_to_it(api: Api, admin: User) -> None:
    caller = api(admin)
    made(caller)
    assert caller.patch("/identity-providers/acme/", {"issuer": "https://b.okta.com"}).status_code == 200
    Identity.objects.create(provider=IdentityProvider.objects.get(), subject="1", user=new_user())
    assert caller.patch("/identity-providers/acme/", {"issuer": "https://c.okta.com"}).status_code == 422


def test_only_admins_see_and_change_providers(api: Api, admin: User, maintainer: User) -> None:
    made(api(admin))
    caller = api(maintainer)
    for method, path in (
        ("get", "/identity-providers/"),
        ("post", "/identity-providers/"),
        ("get", "/identity-providers/acme/"),
        ("patch", "/identity-providers/acme/"),
        ("delete", "/identity-providers/acme/"),
        ("get", "/identity-providers/acme/rules/"),
        ("post", "/identity-providers/acme/rules/"),
        ("post", "/identities/"),
    ):
        answer = getattr(caller, method)(path, {} if method in {"post", "patch"} else None)
        assert answer.status_code == 403, f"{method} {path}"
        assert answer.json()["granted_by"]


def test_people_see_their_own_identities_alone(api: Api, admin: User, developer: User) -> None:
    made(api(admin))
    provider = IdentityProvider.objects.get()
    mine = Identity.objects.create(provider=provider, subject="1", user=developer)
    other = Identity.objects.create(provider=provider, subject="2", user=admin)
    caller = api(developer)
    assert [row["id"] for row in caller.get("/identities/").json()["results"]] == [str(mine.pk)]
    assert caller.get(f"/identities/{other.pk}/").status_code == 404
    assert caller.delete(f"/identities/{other.pk}/").status_code == 404
