"""The whole wizard in a browser on real machines: hosts, keys, checks, review, run, until the cluster is registered.

Nothing is simulated: machines with their own init and sshd, kubeadm of an offline bundle, the processes of `make run`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from installs.host_keys import fingerprint
from sandbox.hosts import bundle
from sandbox.hosts.machines import Machines
from tests.machines import machines_of
from tests.pages.browser import WIDE, Visitor
from tests.portal_run import PortalRun

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(1500)]

SOON_MS, CHECKED_MS, INSTALLED_MS = 20_000, 180_000, 900_000
BUNDLE = "sandbox"


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Two machines as they come from a provider."""
    if not bundle.is_built():
        pytest.skip("no offline bundle here: `python -m sandbox hosts bundle` builds it once")
    with machines_of(tmp_path_factory.mktemp("machines"), 2) as found:
        yield found


@pytest.fixture
def installer(live_portal: PortalRun, chromium: Browser, pictures: Path | None) -> Iterator[Visitor]:
    """An admin who is signed in at a portal that has the bundle."""
    place = live_portal.home / "bundles" / BUNDLE
    place.parent.mkdir(exist_ok=True)
    if not place.exists():
        place.symlink_to(bundle.bundle_folder(), target_is_directory=True)
    context = chromium.new_context(base_url=live_portal.url, viewport={"width": WIDE[0], "height": WIDE[1]})
    visitor = Visitor(context, pictures)
    visitor.page.set_default_timeout(SOON_MS)
    page = visitor.go("/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill((live_portal.home / "admin-password").read_text().strip())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Main").wait_for()
    yield visitor
    errors = visitor.unexpected_errors()
    context.close()
    assert errors == []


def test_from_two_machines_to_a_registered_cluster(installer: Visitor, machines: Machines) -> None:
    page = installer.page
    name_hosts(installer, machines)
    confirm_keys(installer, machines)
    choose_network(installer)
    start(installer)

    expect(page.locator("h1 .state")).to_have_attribute("data-state", "succeeded", timeout=INSTALLED_MS)
    installer.shoot("install-path-succeeded")
    page.get_by_role("link", name="To the cluster").click()
    expect(page.get_by_text("is running at").first).to_be_visible()
    for machine in machines.status()["machines"]:
        expect(page.locator("#nodes").get_by_role("row", name=machine["name"])).to_contain_text(
            "ready", timeout=CHECKED_MS
        )
    installer.shoot("install-path-cluster")
    page.get_by_role("link", name="The cluster with all evidence").click()
    expect(page.get_by_role("row", name="kube-apiserver").first).to_contain_text("healthy", timeout=CHECKED_MS)


def name_hosts(installer: Visitor, machines: Machines) -> None:
    page = installer.go("/installs/new/")
    page.get_by_label("Name of the cluster").fill("pier")
    for number, machine in enumerate(machines.status()["machines"], 1):
        if number > 1:
            page.get_by_role("button", name="Add a host").click()
        page.get_by_label(f"Name of host {number}").fill(machine["name"])
        page.get_by_label(f"Address of host {number}").fill(machine["address"])
    page.locator("[name=private_key-shared]").fill(machines.key_file.read_text())
    installer.shoot("install-path-hosts")
    page.get_by_role("button", name="Save and go on").click()
    page.wait_for_url("**/checks/")


def confirm_keys(installer: Visitor, machines: Machines) -> None:
    page = installer.page
    page.get_by_role("button", name="Run the checks").click()
    keys = page.locator("#keys")
    for machine in machines.status()["machines"]:
        expect(keys).to_contain_text(fingerprint(machine["host_key"]), timeout=CHECKED_MS)
    installer.shoot("install-path-keys")
    # The page moves on by itself until the look has ended; a button of a run under way would be refused.
    expect(page.get_by_role("button", name="Check again", exact=True)).to_be_visible(timeout=CHECKED_MS)
    page.get_by_role("button", name="confirm and check again").click()
    expect(page.locator("#matrix")).to_contain_text("Kernel", timeout=CHECKED_MS)
    expect(page.get_by_role("button", name="Check again", exact=True)).to_be_visible(timeout=CHECKED_MS)
    expect(keys).to_have_count(0)
    installer.shoot("install-path-checks")


def choose_network(installer: Visitor) -> None:
    page = installer.page
    page.get_by_role("link", name="Go on to version and network").click()
    page.wait_for_url("**/network/")
    assert page.get_by_label("Offline bundle").input_value() == BUNDLE
    page.get_by_role("button", name="Save and go on").click()
    page.wait_for_url("**/review/")


def start(installer: Visitor) -> None:
    """Take on what these machines cannot be rid of, run the fixes, and begin."""
    page = installer.page
    for reason in page.locator("#open input[type=text]").all():
        reason.fill("a machine of a test, which shares its kernel")
    if page.locator("[name=apply_fixes]").count():
        page.locator("[name=apply_fixes]").check()
    installer.shoot("install-path-review")
    page.get_by_role("button", name=re.compile("^Install Kubernetes")).click()
    page.wait_for_url("**/runs/*/")
    expect(page.locator("#steps")).to_contain_text("kubeadm", timeout=CHECKED_MS)
    installer.shoot("install-path-run")
