"""The pages of installs in a browser: no barrier that axe finds in either theme, nothing wider than a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import User
from installs.models import Install, InstallHost
from tests.factories.clusters import new_cluster, watched_now
from tests.factories.installs import OTHER_KEY, checked_install, installed, new_install, running_install
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser


def draft(by: User) -> Install:
    """An install whose hosts show keys: one for the first time, one another than before."""
    install = new_install(by=by)
    install.hosts.filter(name="node-1").update(host_key="", offered_key=OTHER_KEY)
    install.hosts.filter(name="node-2").update(offered_key=OTHER_KEY)
    return install


def ready(by: User) -> Install:
    """An install that has something to install from, so that there is a plan."""
    given = {"package_repository": "https://packages.example/core:/stable:/v1.37/deb/", "cni": "none"}
    return checked_install(by, config=given)


def cluster(by: User) -> Install:
    now = timezone.now()
    well = {"status": "healthy", "components": []}
    made = new_cluster("harbour-1", uid="harbour-1", status="connected", last_seen_at=now, health=well, health_at=now)
    watched_now(made)
    return installed(made, by)


PAGES: dict[str, tuple[Callable[[User], Install], str]] = {
    "installs-empty": (lambda by: Install(), "/installs/"),
    "installs": (checked_install, "/installs/"),
    "install-new": (new_install, "/installs/new/"),
    "install-hosts": (checked_install, "hosts/"),
    "install-keys": (draft, "checks/"),
    "install-checks": (checked_install, "checks/?host=node-1&check=swap"),
    "install-checks-open": (checked_install, "checks/?show=open&host=node-2&check=time"),
    "install-fix": (checked_install, "fix/?fix=swap@node-1"),
    "install-fix-ways": (checked_install, "fix/?fix=firewall@node-2"),
    "install-network": (checked_install, "network/"),
    "install-review": (ready, "review/"),
    "install-run": (lambda by: running_install(by)[0], "run"),
    "install-run-failed": (lambda by: running_install(by, "failed")[0], "run"),
    "install-cluster": (cluster, ""),
    "install-reset": (cluster, "reset/"),
    "install-remove-node": (cluster, "nodes/node-2/remove/"),
    "install-remove-gone": (cluster, "nodes/node-2/remove/?gone=true"),
    "install-add-nodes": (cluster, "add-nodes/"),
    "install-upgrade": (cluster, "upgrade/"),
    "install-certificates": (cluster, "renew-certificates/"),
}


def address(install: Install, page: str) -> str:
    if page.startswith("/"):
        return page
    at = install.get_absolute_url()
    return f"{at}runs/{install.runs.get().pk}/" if page == "run" else f"{at}{page}"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(visitor: Visitor, admin: User, name: str) -> None:
    make, page = PAGES[name]
    at = address(make(admin), page)
    visitor.sign_in(admin)
    visitor.go(at)
    visitor.shoot(name)

    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


def test_a_host_is_added_by_keyboard_and_nothing_typed_is_lost(visitor: Visitor, admin: User) -> None:
    visitor.sign_in(admin)
    page = visitor.go("/installs/new/")
    page.get_by_label("Name of the cluster").fill("quay")
    page.get_by_label("Name of host 1").fill("node-1")
    page.get_by_label("Address of host 1").fill("192.0.2.11")
    page.get_by_role("button", name="Add a host").press("Enter")

    assert page.get_by_label("Name of the cluster").input_value() == "quay"
    page.get_by_label("Name of host 2").fill("node-2")
    page.get_by_label("Address of host 2").fill("192.0.2.12")
    page.get_by_role("button", name="Save and go on").press("Enter")
    page.wait_for_url("**/checks/")
    assert list(InstallHost.objects.values_list("name", "role")) == [("node-1", "control_plane"), ("node-2", "worker")]
