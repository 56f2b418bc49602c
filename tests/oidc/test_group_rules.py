"""Groups give roles and take them away; what a person gave stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.commands.teams import add_member
from accounts.models import CustomRole, GroupRule, Identity, IdentityProvider, Membership, Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import new_user
from tests.factories.services import new_environment
from tests.oidc.provider import OpenIdProvider, sign_in

Api = Callable[..., ApiClient]


@pytest.fixture
def devs(acme: IdentityProvider, payments: Team) -> GroupRule:
    """Members of `devs` are developers of payments."""
    return GroupRule.objects.create(provider=acme, group="devs", team=payments, role="developer")


def held() -> set[tuple[str, str, str]]:
    rows = Membership.objects.filter(user__username="alice")
    return set(rows.values_list("team__name", "role", "environment"))


def comes(openid: OpenIdProvider, *groups: str) -> Client:
    openid.tell("alice", groups=list(groups))
    browser = Client()
    assert sign_in(browser, openid).status_code == 303
    return browser


def test_a_group_gives_its_role_at_sign_in_and_it_is_recorded(openid: OpenIdProvider, devs: GroupRule) -> None:
    comes(openid, "devs", "lunch")
    assert held() == {("payments", "developer", "")}
    entry = Entry.objects.get(action="team.add_member")
    assert (entry.actor, entry.team, entry.data["provider"]) == ("slipway", "payments", "acme")


def test_the_team_s_page_and_list_say_by_what_a_role_came(
    openid: OpenIdProvider, devs: GroupRule, admin: User, api: Api, web_client: Callable[[User], Client]
) -> None:
    comes(openid, "devs")
    assert "by a group of Acme" in web_client(admin).get("/settings/teams/payments/").content.decode()
    members = api(admin).get("/teams/payments/members/").json()["results"]
    assert [(row["user"], row["given_by"]) for row in members] == [("alice", "acme")]
    add_member(admin, devs.team, User.objects.get(username="alice"), "viewer")  # type: ignore[arg-type]
    members = api(admin).get("/teams/payments/members/").json()["results"]
    assert {row["role"]: row["given_by"] for row in members} == {"developer": "acme", "viewer": ""}


def test_names_of_groups_are_compared_to_the_letter(openid: OpenIdProvider, devs: GroupRule) -> None:
    comes(openid, "Devs", "devs ", "dev")
    assert held() == set()


def test_groups_vanish_and_what_they_gave_goes(openid: OpenIdProvider, devs: GroupRule, payments: Team) -> None:
    comes(openid, "devs")
    add_member(None, payments, User.objects.get(username="alice"), "viewer")
    comes(openid)
    assert held() == {("payments", "viewer", "")}
    assert Entry.objects.filter(action="team.remove_member", actor="slipway").count() == 1


def test_a_claim_that_vanishes_is_no_groups(openid: OpenIdProvider, devs: GroupRule) -> None:
    comes(openid, "devs")
    openid.tell("alice", groups=None)
    sign_in(Client(), openid)
    assert held() == set()


def test_what_a_person_gives_as_well_stays_when_the_group_goes(
    openid: OpenIdProvider, devs: GroupRule, payments: Team
) -> None:
    comes(openid, "devs")
    add_member(None, payments, User.objects.get(username="alice"), "developer")
    comes(openid)
    assert held() == {("payments", "developer", "")}


def test_a_role_may_be_a_custom_one_in_one_environment(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, payments: Team, api: Api
) -> None:
    CustomRole.objects.create(name="breaker", permissions=["release.abort"])
    new_environment("stage")
    rule = {"group": "oncall", "team": "payments", "role": "breaker", "environment": "stage"}
    assert api(admin).post("/identity-providers/acme/rules/", rule).status_code == 201
    comes(openid, "oncall")
    assert held() == {("payments", "breaker", "stage")}
    refused = api(admin).delete("/roles/breaker/")
    assert refused.status_code == 409
    assert "group_rule" in [use["kind"] for use in refused.json()["blocked_by"]]


def test_a_rule_makes_admins_and_unmakes_those_it_made(openid: OpenIdProvider, acme: IdentityProvider) -> None:
    new_user("ada", password="correct horse battery", is_admin=True)
    GroupRule.objects.create(provider=acme, group="root", gives_admin=True)
    comes(openid, "root")
    assert User.objects.get(username="alice").is_admin
    comes(openid)
    assert not User.objects.get(username="alice").is_admin


def test_the_last_admin_who_can_sign_in_stays_one_and_it_is_told_once(
    openid: OpenIdProvider, acme: IdentityProvider
) -> None:
    GroupRule.objects.create(provider=acme, group="root", gives_admin=True)
    # Neither of them could take over: one is switched off, one has no way in.
    new_user("off", password="correct horse battery", is_admin=True, is_active=False)
    new_user("nobody", is_admin=True)
    comes(openid, "root")

    comes(openid)
    comes(openid)

    assert User.objects.get(username="alice").is_admin
    entry = Entry.objects.get(action="user.keep_admin")
    assert (entry.object_name, entry.data["provider"]) == ("alice", "acme")

    new_user("ada", password="correct horse battery", is_admin=True)
    comes(openid)
    assert not User.objects.get(username="alice").is_admin


def test_the_last_admin_who_loses_the_rule_stays_one(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, api: Api
) -> None:
    rule = GroupRule.objects.create(provider=acme, group="root", gives_admin=True)
    comes(openid, "root")
    assert api(admin).delete(f"/identity-providers/acme/rules/{rule.pk}/").status_code == 204
    assert User.objects.get(username="alice").is_admin


def test_who_was_made_admin_by_a_person_stays_one(openid: OpenIdProvider, acme: IdentityProvider) -> None:
    GroupRule.objects.create(provider=acme, group="root", gives_admin=True)
    comes(openid)
    User.objects.filter(username="alice").update(is_admin=True)
    comes(openid, "root")
    comes(openid)
    assert User.objects.get(username="alice").is_admin


def test_removing_a_rule_takes_at_once_what_it_alone_gave(
    openid: OpenIdProvider, devs: GroupRule, admin: User, api: Api, acme: IdentityProvider
) -> None:
    new_user("boss", password="correct horse battery", is_admin=True)
    root = GroupRule.objects.create(provider=acme, group="devs", gives_admin=True)
    comes(openid, "devs")
    caller = api(admin)
    assert caller.delete(f"/identity-providers/acme/rules/{devs.pk}/").status_code == 204
    assert held() == set()
    assert User.objects.get(username="alice").is_admin
    assert caller.delete(f"/identity-providers/acme/rules/{root.pk}/").status_code == 204
    assert not User.objects.get(username="alice").is_admin


def test_unlinking_takes_all_that_groups_gave_and_ends_the_sessions(
    openid: OpenIdProvider, devs: GroupRule, admin: User, api: Api
) -> None:
    browser = comes(openid, "devs")
    assert api(admin).delete(f"/identities/{Identity.objects.get().pk}/").status_code == 204
    assert held() == set()
    assert browser.get("/settings/profile/").status_code == 302


def test_a_provider_that_tells_no_groups_gives_and_takes_nothing(openid: OpenIdProvider, devs: GroupRule) -> None:
    comes(openid, "devs")
    IdentityProvider.objects.update(groups_claim="")
    comes(openid)
    assert held() == {("payments", "developer", "")}


def test_groups_that_were_left_out_for_their_number_are_not_taken_for_none(
    openid: OpenIdProvider, devs: GroupRule
) -> None:
    """Entra's overage: the claim is announced elsewhere instead of being there."""
    from accounts.oidc.errors import SignInFailed
    from accounts.oidc.person import read_person

    claims = {"sub": "1", "preferred_username": "a", "_claim_names": {"groups": "src1"}}
    with pytest.raises(SignInFailed, match="left the groups out"):
        read_person(devs.provider, claims, {})


def test_groups_may_stand_deeper(acme: IdentityProvider) -> None:
    from accounts.oidc.person import read_person

    acme.groups_claim = "realm_access.roles"
    claims = {"sub": "1", "preferred_username": "a", "realm_access": {"roles": ["devs", 7, "devs"]}}
    assert read_person(acme, claims, {}).groups == ("devs",)
