"""From the sign-in page to running Pods and back, by clicking, on a real cluster (the promise of the README)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.pages.browser import Visitor
from tests.run.slipway import Slipway

pytestmark = pytest.mark.sandbox
RELEASE_MS = 90_000


def sign_in(newcomer: Visitor, run: Slipway) -> None:
    page = newcomer.go("/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill((run.home / "admin-password").read_text().strip())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def deploy(newcomer: Visitor, service: str, environment: str, image: str) -> None:
    """Choose an image, look at what changes, confirm; ends on the release page."""
    page = newcomer.go(f"/services/{service}/")
    page.get_by_role("link", name=f"Deploy to {environment}").click()
    page.get_by_label("Image").fill(image)
    page.get_by_role("button", name="Review what changes").click()
    version = image.rpartition(":")[2]
    expect(page.locator("ins, [data-kind=add]", has_text=image).first).to_be_visible()
    newcomer.shoot(f"deploy-review-{version}")
    page.get_by_role("button", name=f"Deploy {version} to {environment}").click()
    page.wait_for_url(re.compile(r"/releases/[0-9a-f-]{36}/"))


def test_deploy_break_understand_and_roll_back(newcomer: Visitor, first_run: Slipway) -> None:
    sign_in(newcomer, first_run)
    page = newcomer.page
    newcomer.shoot("home")

    newcomer.go("/clusters/sandbox/")
    expect(page.get_by_text("kube-controller-manager").first).to_be_visible()
    newcomer.shoot("cluster")
    newcomer.go("/services/")
    expect(page.get_by_role("link", name="basket", exact=True)).to_be_visible()
    newcomer.shoot("services")

    deploy(newcomer, "basket", "dev", "registry.shop.example/basket:2.0.0")
    expect(page.locator("main")).to_contain_text("runs the new version", timeout=RELEASE_MS)
    newcomer.shoot("release-succeeded")

    deploy(newcomer, "basket", "dev", "registry.shop.example/basket:2.1.0-nopull")
    expect(page.locator("main")).to_contain_text("The old version of basket runs again", timeout=RELEASE_MS)
    expect(page.locator("main")).to_contain_text("cannot be pulled")
    newcomer.shoot("release-failed")

    page.get_by_role("link", name="Roll back further").click()
    expect(page.get_by_role("button", name=re.compile("^Roll back basket in dev to revision 1"))).to_be_visible()
    newcomer.shoot("rollback")
    page.get_by_role("button", name=re.compile("^Roll back basket in dev to revision 1")).click()
    page.wait_for_url(re.compile(r"/releases/[0-9a-f-]{36}/"))
    expect(page.locator("main")).to_contain_text("runs the new version", timeout=RELEASE_MS)

    newcomer.go("/services/basket/")
    newcomer.shoot("service")
    newcomer.go("/audit/")
    expect(page.locator("main")).to_contain_text("release.rollback")
    newcomer.shoot("audit")


def test_the_form_keeps_what_was_typed_when_the_image_is_wrong(newcomer: Visitor, first_run: Slipway) -> None:
    newcomer.expect_error("422|400")
    sign_in(newcomer, first_run)
    page = newcomer.go("/services/catalog/deploy/?environment=dev")
    for wrong in ("nginx:", "UPPER/case", "a b", "a" * 400):
        page.get_by_label("Image").fill(wrong)
        page.get_by_label("Reason").fill("because I can")
        page.get_by_role("button", name="Review what changes").click()
        expect(page.get_by_label("Image")).to_have_value(wrong)
        expect(page.get_by_label("Reason")).to_have_value("because I can")
        expect(page.locator("main")).to_contain_text("image reference")
