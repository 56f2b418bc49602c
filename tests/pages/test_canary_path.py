"""A canary in a browser on a real cluster: chosen, reviewed, watched at its pause, promoted, taken over; a bad one
aborted by the person who watches it."""

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
from tests.pages.test_first_path import A_WHILE_MS, REPOSITORY, SOON_MS, create_environment, import_services, sign_in
from tests.portal_run import PortalRun

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(600)]
STEPS = "type: canary\nsteps:\n- set_weight: 20\n- pause: {}\n- set_weight: 60\n- pause: {seconds: 3}\n"


@pytest.fixture
def kubectl(sandbox_cluster: Any, namespace: str) -> Iterator[Kubectl]:
    """The cluster, in which Deployment `harbour` runs version 1.0.0 with five pods."""
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        workload = deployment("harbour", f"{REPOSITORY}:1.0.0", replicas=5)
        workload["metadata"]["labels"] |= {"slipway.dev/team": "pilots", "app.kubernetes.io/part-of": "port"}
        kubectl.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", workload)
        yield kubectl


@pytest.fixture
def watcher(live_portal: PortalRun, chromium: Browser, pictures: Path | None) -> Iterator[Visitor]:
    """A person who watches what they do."""
    context = chromium.new_context(base_url=live_portal.url, viewport={"width": WIDE[0], "height": WIDE[1]})
    visitor = Visitor(context, pictures)
    visitor.page.set_default_timeout(SOON_MS)
    yield visitor
    errors = visitor.unexpected_errors()
    context.close()
    assert errors == []


def test_a_canary_is_watched_promoted_and_another_aborted(
    watcher: Visitor, live_portal: PortalRun, kubectl: Kubectl, namespace: str, sandbox_cluster: Any
) -> None:
    page = watcher.page
    sign_in(watcher, (live_portal.home / "admin-password").read_text().strip())
    register(watcher, Path(sandbox_cluster.kubeconfig).read_text(), sandbox_cluster.prometheus_url)
    create_environment(watcher, namespace)
    import_services(watcher, namespace)

    deploy(watcher, namespace, "1.1.0", "20 % first")
    expect(page.get_by_role("heading", name="Let it go on to 60 %?")).to_be_visible(timeout=A_WHILE_MS)
    expect(page.locator(".shares")).to_contain_text("20 % asked")
    expect(page.locator("[aria-current=step]")).to_contain_text("until someone promotes")
    watcher.shoot("canary-live-paused")
    assert watcher.barriers() == []
    assert shown(watcher) == shown_after_reload(watcher)

    page.get_by_role("button", name="Promote to 60 %").click()
    expect(page.locator(".standing strong")).to_have_text("Succeeded", timeout=A_WHILE_MS)
    watcher.shoot("canary-live-succeeded")
    assert shown(watcher) == shown_after_reload(watcher)

    deploy(watcher, namespace, "1.2.0-errors", "20 % first")
    expect(page.get_by_role("heading", name="Let it go on to 60 %?")).to_be_visible(timeout=A_WHILE_MS)
    page.get_by_role("textbox", name="Why, for the timeline").fill("p99 looks bad")
    page.get_by_role("button", name="Abort and return all traffic to 1.1.0").click()
    expect(page.locator(".standing strong")).to_have_text("Aborted", timeout=A_WHILE_MS)
    watcher.shoot("canary-live-aborted")


def register(watcher: Visitor, kubeconfig: str, prometheus_url: str) -> None:
    page = watcher.page
    page.get_by_role("link", name="Register a cluster").click()
    page.get_by_label("Name", exact=True).fill("sandbox")
    page.get_by_label("Kubeconfig").fill(kubeconfig)
    page.locator("summary", has_text="Exceptions").click()
    page.locator("[name=allow_private_address]").check()
    page.locator("summary", has_text="What else there is to say").click()
    page.locator("[name=prometheus_url]").fill(prometheus_url)
    page.get_by_role("button", name="Register the cluster").click()
    page.wait_for_url("**/clusters/sandbox/")


def deploy(watcher: Visitor, namespace: str, version: str, first: str) -> None:
    """Type the steps, see them in the review with what can be reached, and press the button that says what it does."""
    page = watcher.go(f"/services/harbour/deploy/?environment={namespace}")
    page.get_by_label("Image").fill(f"{REPOSITORY}:{version}")
    page.locator("summary", has_text="Only this time").click()
    page.get_by_label("A strategy for this release alone").fill(STEPS)
    page.get_by_role("button", name="Review what changes").click()
    expect(page.get_by_role("table", name="Steps of the release")).to_contain_text("Hold until someone promotes")
    watcher.shoot(f"canary-live-review-{version}")
    page.get_by_role("button", name=f"Deploy {version} to {namespace}, {first}").click()
    page.wait_for_url("**/releases/*-*/")


def shown(watcher: Visitor) -> str:
    """What the live part says, without the words that tell how long ago."""
    text = watcher.page.locator("#progress").inner_text()
    return re.sub(r"\d+ (s|min)\b( ago| left)?|just now|as of [\d:]+", "", text)


def shown_after_reload(watcher: Visitor) -> str:
    watcher.page.reload()
    watcher.page.wait_for_selector("html[data-scripted]")
    return shown(watcher)
