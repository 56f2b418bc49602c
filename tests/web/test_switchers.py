"""U04: each crumb is a link, and where there are others of its kind, a switcher that works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from services.models import Target
from tests.callers import PageClient
from tests.factories.deployments import checkout_target, new_release, new_revision
from tests.factories.registered import new_grant
from tests.factories.services import new_service

Web = Callable[[User], PageClient]


@pytest.fixture
def targets(payments: Team) -> list[Target]:
    return [checkout_target(payments, name) for name in ("dev", "prod")]


def crumbs_of(page: str) -> str:
    return page[page.index('<nav class="crumbs"') :].partition("</nav>")[0]


@pytest.mark.parametrize("page", ["deploy", "rollback"])
def test_deploying_switches_between_the_environments_of_the_service(
    web_client: Web, developer: User, targets: list[Target], page: str
) -> None:
    for target in targets:
        new_revision(target)
    crumbs = crumbs_of(web_client(developer).get(f"/services/checkout/{page}/?environment=prod").content.decode())
    assert f'<a href="/services/checkout/{page}/?environment=dev">dev</a>' in crumbs
    assert f'<a href="/services/checkout/{page}/?environment=prod" aria-current="true">prod</a>' in crumbs


def test_a_release_switches_to_the_newest_one_of_another_environment(
    web_client: Web, developer: User, targets: list[Target]
) -> None:
    here, there = new_release(targets[0]), new_release(targets[1])
    crumbs = crumbs_of(web_client(developer).get(f"/releases/{here.pk}/").content.decode())
    assert f'<a href="/releases/{there.pk}/">prod</a>' in crumbs


def test_services_and_clusters_switch_to_those_beside_them_that_one_may_see(
    web_client: Web, developer: User, payments: Team, targets: list[Target]
) -> None:
    new_service("basket", payments)
    new_service("theirs")
    new_grant(payments, targets[0].cluster)
    browser = web_client(developer)
    crumbs = crumbs_of(browser.get("/services/checkout/").content.decode())
    assert '<a href="/services/basket/">basket</a>' in crumbs
    assert "theirs" not in crumbs
    # One alone is no choice.
    assert "<details" not in crumbs_of(browser.get(targets[0].cluster.get_absolute_url()).content.decode())
    new_grant(payments, targets[1].cluster)
    name = targets[1].cluster.name
    assert f'<a href="/clusters/{name}/">{name}</a>' in crumbs_of(
        browser.get(targets[0].cluster.get_absolute_url()).content.decode()
    )
