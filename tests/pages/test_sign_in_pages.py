"""Signing in by a provider in a real browser, and the pages on which an admin sets it up."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import GroupRule, IdentityProvider, Team, User
from tests.oidc.conftest import openid, provider_process
from tests.oidc.provider import SECRET, OpenIdProvider, new_provider
from tests.pages.browser import Visitor

__all__ = ["openid", "provider_process"]

pytestmark = pytest.mark.browser


@pytest.fixture
def acme(openid: OpenIdProvider, site: str, settings: Any, transactional_db: None) -> IdentityProvider:
    """The provider, which sends people back to the site of this test."""
    settings.PUBLIC_URL = site
    openid.set(redirect_uris=[f"{site}/sign-in/with/{name}/callback/" for name in ("acme", "fresh")])
    return new_provider(openid)


def fits(visitor: Visitor, name: str) -> None:
    visitor.shoot(name)
    assert visitor.barriers() == []
    assert visitor.overflow() <= 0
    visitor.page.set_viewport_size({"width": 1280, "height": 900})


def test_somebody_signs_in_by_the_button_and_out_again(
    visitor: Visitor, openid: OpenIdProvider, acme: IdentityProvider
) -> None:
    page = visitor.go("/settings/tokens/")
    fits(visitor, "sign-in-by-provider")
    page.get_by_role("link", name="Sign in with Acme").click()
    page.wait_for_url("**/settings/tokens/")
    assert User.objects.get(username="alice")
    visitor.go("/settings/profile/")
    fits(visitor, "profile-linked")
    page.locator("details.account summary").first.click()
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url("**/signed-out/")
    fits(visitor, "signed-out")
    assert page.get_by_role("link", name="Sign out of Acme as well").is_visible()


def test_who_is_refused_reads_why_on_the_sign_in_page(
    visitor: Visitor, openid: OpenIdProvider, acme: IdentityProvider
) -> None:
    openid.set(offset_seconds=600)
    visitor.expect_error("403")
    page = visitor.go("/sign-in/")
    page.get_by_role("link", name="Sign in with Acme").click()
    page.get_by_text("The clocks differ").wait_for()
    fits(visitor, "sign-in-refused")


def test_an_admin_sets_a_provider_up_tests_it_and_gives_groups_a_role(
    visitor: Visitor, openid: OpenIdProvider, acme: IdentityProvider, admin: User, payments: Team
) -> None:
    visitor.sign_in(admin)
    openid.tell("alice", groups=["devs"])
    page = visitor.go("/settings/sign-in/?preset=keycloak")
    fits(visitor, "identity-providers")
    page.get_by_label("Name", exact=True).fill("fresh")
    page.get_by_label("Words on the button").fill("Fresh sign-on")
    page.get_by_label("Issuer").fill(openid.issuer)
    page.get_by_label("Client ID").fill("slipway")
    page.get_by_label("Client secret").fill(SECRET)
    page.get_by_label("Scopes").fill("openid profile email groups")
    page.get_by_role("button", name="Trust this provider").click()
    # http at a private address is allowed by a word of the admin alone; nothing typed is lost but the secret.
    page.get_by_text("Only https addresses are asked").wait_for()
    visitor.expect_error("422")
    assert page.get_by_label("Client ID").input_value() == "slipway"
    page.get_by_label("It is at a private address").check()
    page.get_by_label("Client secret").fill(SECRET)
    page.get_by_role("button", name="Trust this provider").click()
    page.wait_for_url("**/settings/sign-in/fresh/")

    page.locator("#id_group").fill("devs")
    page.locator("#id_team").select_option("payments")
    page.locator("#id_role").select_option("developer")
    page.get_by_role("button", name="Add the rule").click()
    page.wait_for_url("**/settings/sign-in/fresh/#rules")
    assert GroupRule.objects.get().provider.name == "fresh"
    fits(visitor, "identity-provider")

    page.get_by_role("link", name="Test sign-in").click()
    page.wait_for_url("**/settings/sign-in/fresh/tested/")
    assert page.get_by_text("Signing in works").is_visible()
    assert page.get_by_text("developer in team payments, every environment").is_visible()
    fits(visitor, "identity-provider-test")


def test_linking_one_s_own_asks_first(
    visitor: Visitor, openid: OpenIdProvider, acme: IdentityProvider, admin: User
) -> None:
    visitor.sign_in(admin)
    page = visitor.go("/settings/profile/")
    page.get_by_role("link", name="Link my account at Acme").click()
    page.get_by_role("heading", name="Is this you at Acme?").wait_for()
    fits(visitor, "link-identity")
    page.get_by_role("button", name="Yes, link it to my account").click()
    page.wait_for_url("**/settings/profile/")
    assert admin.identities.get().subject == "alice"
