"""The pages of installs without JavaScript: from hosts to a cluster, for admins alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.models import User
from installs.models import Install
from tests.callers import PageClient
from tests.factories.clusters import new_cluster
from tests.factories.installs import checked_install, installed, new_install, running_install

Web = Callable[[User], PageClient]


def text(answer: Any) -> str:
    return str(answer.content.decode())


def pages_of(install: Install) -> list[str]:
    at = install.get_absolute_url()
    run = install.runs.first()
    names = ["", "hosts/", "checks/", "checks/?show=open", "checks/?host=node-1&check=swap", "network/", "review/"]
    names += ["fix/?fix=swap@node-1", "reset/", "remove/", "add-nodes/", "upgrade/", "renew-certificates/"]
    names += ["nodes/node-1/remove/", "checks/report/json/", "inventory/slipway/", "inventory/kubespray/"]
    return [
        "/installs/",
        "/installs/new/",
        *(f"{at}{name}" for name in names),
        *([f"{at}runs/{run.pk}/"] if run else []),
    ]


def test_every_page_stands(web_client: Web, admin: User) -> None:
    browser = web_client(admin)
    for made in (
        new_install("empty", hosts=0),
        checked_install(admin),
        running_install(admin, name="running")[0],
        running_install(admin, "failed", name="failed")[0],
        installed(new_cluster("harbour-1"), admin),
    ):
        for page in pages_of(made):
            answer = browser.get(page)
            assert answer.status_code in ({200, 303} if page == made.get_absolute_url() else {200}) or (
                "node-1" in page and made.name == "empty" and answer.status_code == 404
            ), f"{made.name} {page} {answer.status_code}"
