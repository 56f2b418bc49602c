"""CI identities: set up by maintainers for robots of their team, never without a repository, tried out on the page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.exchange.claims import matches, pins, told
from accounts.models import CiIdentity, Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_robot, new_team, new_user

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]
GIVEN = {
    "name": "checkout",
    "robot": "ci@payments",
    "provider": "github",
    "claims": {"repository": "acme/checkout", "ref": "refs/heads/*"},
}

# The same on the page.
TYPED = {
    **{name: GIVEN[name] for name in ("name", "robot", "provider")},
    "claims": "repository=acme/checkout\nref=refs/heads/*",
    "scopes": ["deploy"],
    "lifetime_seconds": "600",
    "order": "10",
    "is_active": "on",
}


@pytest.fixture(autouse=True)
def robot(payments: Team) -> User:
    return new_robot(payments)


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("acme/checkout", "acme/checkout", True),
        ("acme/checkout", "acme/checkout-fork", False),
        ("acme/checkout", "Acme/checkout", False),
        ("refs/heads/*", "refs/heads/main", True),
        ("refs/heads/*", "refs/heads/a/b", False),
        ("refs/heads/**", "refs/heads/a/b", True),
        ("refs/tags/v*", "refs/tags/v1.0", True),
        ("a.c", "abc", False),
        ("[a-z]", "b", False),
        ("*", "", True),
        ("*", None, False),
        ("true", True, True),
        ("7", 7, True),
        ("main", ["dev", "main"], True),
        ("main", [["main"]], False),
        ("main", {"main": 1}, False),
        ("main", "main\n", False),
        ("**", "x" * 1001, False),
    ],
)
def test_a_pattern_means_what_it_says(pattern: str, value: Any, fits: bool) -> None:
    assert matches(pattern, value) == fits


@given(text=st.text(max_size=60))
def test_a_pattern_without_a_star_means_itself_alone(text: str) -> None:
    pattern = text.replace("*", "")
    assert matches(pattern, pattern)
    assert not matches(pattern, f"{pattern}x")


def test_many_stars_take_no_time() -> None:
    began = time.monotonic()
    assert not matches("**a**a**a**a**a**b", "a" * 1000)
    assert not matches("*a*a*a*a*a*b", "a" * 1000)
    assert time.monotonic() - began < 1


@given(
    pattern=st.lists(st.sampled_from(["a", "b", "/", "*", "**"]), max_size=7).map("".join),
    text=st.text(alphabet="ab/", max_size=12),
)
def test_stars_mean_what_a_regular_expression_would(pattern: str, text: str) -> None:
    parts = [{"**": ".*", "*": "[^/]*"}.get(one, one) for one in re.split(r"(\*\*|\*)", pattern)]
    assert matches(pattern, text) == bool(re.fullmatch("".join(parts), text, re.DOTALL))


def test_only_a_repository_in_full_pins() -> None:
    assert pins("github", {"repository": "acme/checkout"})
    assert pins("gitlab", {"project_id": "7"})
    for rule in (
        {},
        {"repository": "acme/*"},
        {"repository": ""},
        {"ref": "refs/heads/main"},
        {"repository_owner": "a"},
    ):
        assert not pins("github", rule)
    assert not pins("gitlab", {"repository": "acme/checkout"})


def test_what_is_kept_of_claims_is_short_and_known() -> None:
    kept = told({"repository": "x" * 500, "email": "ann@example.org", "run_id": 7, "ref": {"a": 1}})
    assert kept == {"repository": "x" * 200, "run_id": "7"}


class TestCreate:
    def test_what_is_not_said_is_as_usual(self, api: Api, maintainer: User, settings: Any) -> None:
        settings.PUBLIC_URL = "https://slipway.example"
        made = api(maintainer).post("/ci-identities/", GIVEN)
        body = made.json()
        assert (made.status_code, made["Location"]) == (201, "/api/v1/ci-identities/checkout/")
        assert body["issuer"] == "https://token.actions.githubusercontent.com"
        assert (body["audience"], body["team"]) == ("https://slipway.example", "payments")
        assert (body["scopes"], body["lifetime_seconds"]) == (["deploy"], 900)
        entry = Entry.objects.get(action="ci_identity.create")
        assert (entry.actor, entry.team, entry.after["claims"]) == ("mia", "payments", GIVEN["claims"])

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"claims": {"ref": "refs/heads/main"}}, "/claims"),
            ({"claims": {"repository": "acme/*"}}, "/claims"),
            ({"claims": {}}, "/claims"),
            ({"claims": ["repository"]}, "/claims"),
            ({"claims": {"repository": 7}}, "/claims"),
            ({"claims": {"repository": "a/b", "bad name": "x"}}, "/claims"),
            ({"claims": {"repository": "a/b", "ref": "*" * 7}}, "/claims/ref"),
            ({"provider": "jenkins"}, "/provider"),
            ({"provider": "other", "claims": {"sub": "x"}}, "/issuer"),
            ({"issuer": "http://issuer.example"}, "/issuer"),
            ({"issuer": "https://user:pw@issuer.example"}, "/issuer"),
            ({"issuer": "https://issuer.example/?x=1"}, "/issuer"),
            ({"issuer": "file:///etc/passwd"}, "/issuer"),
            ({"lifetime_seconds": 901}, "/lifetime_seconds"),
            ({"lifetime_seconds": 10}, "/lifetime_seconds"),
            ({"scopes": ["everything"]}, "/scopes"),
            ({"environments": ["Not A Name"]}, "/environments"),
            ({"name": "try"}, "/name"),
            ({"name": "a b"}, "/name"),
            ({"order": -1}, "/order"),
            ({"more": 1}, "/more"),
            ({"robot": "nobody@payments"}, "/robot"),
        ],
    )
    def test_what_cannot_be_is_said_where_it_stands(
        self, api: Api, maintainer: User, change: dict[str, Any], pointer: str
    ) -> None:
        answer = api(maintainer).post("/ci-identities/", {**GIVEN, **change})
        assert answer.status_code == 422
        assert pointer in [one["pointer"] for one in answer.json()["errors"]]
        assert not CiIdentity.objects.exists()

    def test_private_addresses_are_for_admins_to_allow(self, api: Api, maintainer: User, admin: User) -> None:
        given = {**GIVEN, "issuer": "http://127.0.0.1:9/", "allow_private_address": True}
        assert api(maintainer).post("/ci-identities/", given).status_code == 403
        assert api(admin).post("/ci-identities/", given).status_code == 201
        moved = api(maintainer).patch("/ci-identities/checkout/", {"issuer": "http://10.0.0.1/"})
        assert moved.status_code == 403

    def test_an_admin_takes_a_private_address_back_on_the_page(
        self, api: Api, web_client: Browser, admin: User, maintainer: User
    ) -> None:
        private = {"issuer": "https://127.0.0.1:9/", "allow_private_address": True}
        assert api(admin).post("/ci-identities/", {**GIVEN, **private}).status_code == 201
        form = {**TYPED, "issuer": "https://issuer.example"}
        assert web_client(admin).post("/settings/ci-identities/checkout/", form).status_code == 303
        assert CiIdentity.objects.get().allow_private_address is False

    def test_a_field_named_as_the_caller_is_unknown(self, api: Api, maintainer: User) -> None:
        refused = api(maintainer).post("/ci-identities/", {**GIVEN, "by": "ada"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/by"

    def test_nobody_lets_a_job_be_more_than_they_are(
        self, api: Api, payments: Team, developer: User, stranger: User
    ) -> None:
        from accounts.models import CustomRole

        CustomRole.objects.create(name="keeper", permissions=["robot.edit", "ci_identity.create"])
        keeper = member_of(payments, "keeper", new_user("kim"))
        for by, status in ((developer, 403), (keeper, 403), (stranger, 422)):
            assert api(by).post("/ci-identities/", GIVEN).status_code == status
        assert not CiIdentity.objects.exists()


def test_it_is_edited_and_removed_and_the_log_has_both(api: Api, maintainer: User) -> None:
    caller = api(maintainer)
    caller.post("/ci-identities/", GIVEN)
    claims = {"repository": "acme/checkout", "environment": "dev"}
    assert caller.patch("/ci-identities/checkout/", {"claims": claims}).json()["claims"] == claims
    entry = Entry.objects.get(action="ci_identity.edit")
    assert (entry.before["claims"], entry.after["claims"]) == (GIVEN["claims"], claims)
    assert caller.patch("/ci-identities/checkout/", {"claims": {"ref": "x"}}).status_code == 422
    assert caller.patch("/ci-identities/checkout/", {"provider": "gitlab"}).status_code == 422
    assert caller.delete("/ci-identities/checkout/").status_code == 204
    assert Entry.objects.get(action="ci_identity.remove").before["claims"] == claims


def test_it_stays_with_its_team(api: Api, admin: User) -> None:
    new_robot(new_team("others"), "ci")
    api(admin).post("/ci-identities/", GIVEN)
    answer = api(admin).patch("/ci-identities/checkout/", {"robot": "ci@others"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/robot")


def test_the_page_makes_edits_tries_and_removes(web_client: Browser, maintainer: User) -> None:
    browser = web_client(maintainer)
    assert browser.post("/settings/ci-identities/", TYPED).status_code == 303
    made = CiIdentity.objects.get()
    assert (made.claims, made.lifetime_seconds) == (GIVEN["claims"], 600)
    bad = browser.post("/settings/ci-identities/checkout/", {**TYPED, "claims": "ref=x"})
    assert (bad.status_code, "ref=x</textarea>" in bad.content.decode()) == (422, True)
    tried = browser.post("/settings/ci-identities/try/", {"token": "e30.e30.e30"})
    assert "No CI identity lets this job in" in tried.content.decode()
    assert "e30.e30" not in tried.content.decode()
    assert browser.post("/settings/ci-identities/checkout/remove/").status_code == 303
