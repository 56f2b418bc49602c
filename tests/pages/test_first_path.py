"""The whole way in a browser: register a cluster, import a service, deploy, break it, understand why, roll back.

Nothing is simulated: the processes of `make run` and a real API server stand behind the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.factories.workloads import deployment
from tests.kubectl import Kubectl
from tests.pages.browser import WIDE, Visitor
from tests.portal_run import PortalRun, running

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.slow]

REPOSITORY = "registry.shop.example/harbour"
SOON_MS, A_WHILE_MS = 15_000, 60_000


@pytest.fixture
def kubectl(sandbox_cluster: Any, namespace: str) -> Iterator[Kubectl]:
    """The cluster, in which Deployment `harbour` runs version 1.0.0 with two pods."""
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        workload = deployment("harbour", f"{REPOSITORY}:1.0.0")
        workload["metadata"]["labels"] |= {"slipway.dev/team": "pilots", "app.kubernetes.io/part-of": "port"}
        kubectl.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", workload)
        yield kubectl


@pytest.fixture
def live_portal(tmp_path: Path) -> Iterator[PortalRun]:
    """A portal of this test's own, in which nobody has registered a cluster yet."""
    with running(tmp_path) as run:
        yield run


@pytest.fixture
def newcomer(live_portal: PortalRun, chromium: Browser, pictures: Path | None) -> Iterator[Visitor]:
    """A person who opens the portal for the first time."""
    context = chromium.new_context(base_url=live_portal.url, viewport={"width": WIDE[0], "height": WIDE[1]})
    visitor = Visitor(context, pictures)
    visitor.page.set_default_timeout(SOON_MS)
    yield visitor
    errors = visitor.unexpected_errors()
    context.close()
    assert errors == []


def test_a_newcomer_deploys_breaks_understands_and_rolls_back(
    newcomer: Visitor, live_portal: PortalRun, kubectl: Kubectl, namespace: str, sandbox_cluster: Any
) -> None:
    page = newcomer.page
    sign_in(newcomer, (live_portal.home / "admin-password").read_text().strip())
    register_cluster(newcomer, Path(sandbox_cluster.kubeconfig).read_text())
    create_environment(newcomer, namespace)
    import_services(newcomer, namespace)

    deploy(newcomer, namespace, "1.1.0")
    expect(page.locator(".standing strong")).to_have_text("Succeeded", timeout=A_WHILE_MS)
    expect(page.locator("ins")).to_contain_text(f"{REPOSITORY}:1.1.0")
    newcomer.shoot("path-succeeded")
    assert running_image(kubectl, namespace) == f"{REPOSITORY}:1.1.0"

    deploy(newcomer, namespace, "1.2.0-nopull")
    expect(page.get_by_text(re.compile("cannot be pulled")).first).to_be_visible(timeout=A_WHILE_MS)
    newcomer.shoot("path-failing")
    expect(page.locator(".standing strong")).to_have_text("Failed", timeout=A_WHILE_MS)
    newcomer.shoot("path-failed")
    assert running_image(kubectl, namespace) == f"{REPOSITORY}:1.1.0"
    newcomer.go("/")
    expect(page.locator("#broken")).to_contain_text("harbour")
    newcomer.shoot("path-home")

    roll_back(newcomer, namespace, to=1)
    expect(page.locator(".standing strong")).to_have_text("Succeeded", timeout=A_WHILE_MS)
    newcomer.shoot("path-rolled-back")
    assert running_image(kubectl, namespace) == f"{REPOSITORY}:1.0.0"


def sign_in(newcomer: Visitor, password: str) -> None:
    page = newcomer.go("/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Slipway")
    newcomer.shoot("path-welcome")


def register_cluster(newcomer: Visitor, kubeconfig: str) -> None:
    page = newcomer.page
    page.get_by_role("link", name="Register a cluster").click()
    page.get_by_label("Name", exact=True).fill("sandbox")
    page.get_by_label("Kubeconfig").fill(kubeconfig)
    page.locator("summary", has_text="Exceptions").click()
    page.locator("[name=allow_private_address]").check()
    page.get_by_role("button", name="Register the cluster").click()
    page.wait_for_url("**/clusters/sandbox/")
    expect(page.get_by_role("row", name="kube-apiserver").first).to_contain_text("healthy", timeout=A_WHILE_MS)
    newcomer.shoot("path-cluster")


def create_environment(newcomer: Visitor, namespace: str) -> None:
    page = newcomer.go("/environments/new/")
    page.get_by_label("Name", exact=True).fill(namespace)
    page.get_by_role("button", name="Create the environment").click()
    page.wait_for_url(f"**/environments/{namespace}/")


def import_services(newcomer: Visitor, namespace: str) -> None:
    page = newcomer.go("/services/import/")
    page.get_by_label("Namespace").fill(namespace)
    page.get_by_role("button", name="Show the plan").first.click()
    expect(page.get_by_role("row", name="harbour")).to_contain_text("create")
    newcomer.shoot("path-import")
    page.get_by_role("button", name=re.compile("^Import: create 1")).click()
    expect(page.get_by_role("heading", name="What was imported")).to_be_visible()


def deploy(newcomer: Visitor, namespace: str, version: str) -> None:
    page = newcomer.go("/services/harbour/")
    newcomer.shoot(f"path-service-{version}")
    page.get_by_role("link", name=re.compile(f"Deploy to {namespace}")).click()
    page.get_by_label("Image").fill(f"{REPOSITORY}:{version}")
    page.get_by_role("button", name="Review what changes").click()
    expect(page.locator("ins")).to_contain_text(f"{REPOSITORY}:{version}")
    newcomer.shoot(f"path-review-{version}")
    page.get_by_role("button", name=re.compile(f"^Deploy {re.escape(version)}")).click()
    page.wait_for_url("**/releases/*-*/")


def roll_back(newcomer: Visitor, namespace: str, *, to: int) -> None:
    page = newcomer.go(f"/services/harbour/rollback/?environment={namespace}&to={to}")
    newcomer.shoot("path-rollback")
    page.locator("form button.primary[type=submit]").click()
    page.wait_for_url("**/releases/*-*/")


def running_image(kubectl: Kubectl, namespace: str) -> str:
    """The image that the Deployment asks for."""
    found = kubectl.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/harbour")
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])
