"""Registering a cluster and watching it, in a real browser against the real sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from clusters.models import Cluster
from tests.factories.registered import sandbox_row
from tests.pages.browser import Visitor
from web import live

pytestmark = pytest.mark.browser


def test_a_chosen_kubeconfig_is_checked_step_by_step_and_registered(
    visitor: Visitor, admin: User, sandbox_cluster: Any
) -> None:
    visitor.sign_in(admin)
    visitor.expect_error("422")
    page = visitor.go("/clusters/new/")
    page.get_by_label("Name", exact=True).fill("home")
    page.get_by_label("Or choose a file").set_input_files(sandbox_cluster.kubeconfig)
    expect(page.locator("textarea[name=kubeconfig]")).to_have_value(sandbox_cluster.kubeconfig.read_text())
    page.get_by_role("button", name="Check the connection").click()
    expect(page.locator("#steps .state[data-state=failed]")).to_have_count(1)
    expect(page.locator("#steps")).to_contain_text("private or loopback address")
    page.get_by_label("Allow a private or loopback address").check()
    page.get_by_role("button", name="Check the connection").click()
    expect(page.locator("#steps .state[data-state=passed]")).to_have_count(8)
    visitor.shoot("cluster-checked")
    assert visitor.barriers() == []
    page.get_by_role("button", name="Register the cluster").click()
    page.wait_for_url("**/clusters/home/")
    expect(page.get_by_role("heading", name="home")).to_be_visible()
    assert Cluster.objects.get().status == "connected"


def test_the_page_follows_a_cluster_that_goes_out_of_contact(
    visitor: Visitor, admin: User, sandbox_cluster: Any
) -> None:
    sandbox_row(sandbox_cluster, "home")
    visitor.sign_in(admin)
    page = visitor.go("/clusters/home/")
    expect(page.locator(".feed")).to_contain_text("live")
    Cluster.objects.update(status="unreachable", status_message="connection refused", last_seen_at=timezone.now())
    live.publish("cluster:home")
    expect(page.locator("#overview")).to_contain_text("Last heard of", timeout=30_000)


def test_removing_needs_the_name_typed(visitor: Visitor, admin: User, sandbox_cluster: Any) -> None:
    sandbox_row(sandbox_cluster, "home")
    visitor.sign_in(admin)
    page = visitor.go("/clusters/home/remove/")
    button = page.get_by_role("button", name="Remove the cluster")
    expect(button).to_be_disabled()
    page.get_by_label("to confirm").fill("home")
    button.click()
    page.wait_for_url("**/clusters/")
    assert not Cluster.objects.exists()
