"""Taking a service out of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from accounts.models import User
from audit.models import Entry
from services.models import Service, Target
from services.removal import target_removal_checks
from tests.callers import ApiClient, PageClient
from tests.factories.services import new_target

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


@pytest.fixture
def busy() -> Iterator[None]:
    """A release is under way on every target, as an upper room would say."""

    def check(target: Target) -> list[dict[str, str]]:
        return [{"kind": "release", "id": "r-1", "service": target.service.name}]

    target_removal_checks.append(check)
    yield
    target_removal_checks.remove(check)


def test_it_goes_with_its_targets(api: Api, maintainer: User, checkout: Service) -> None:
    new_target(checkout, "prod")
    assert api(maintainer).delete("/services/checkout/").status_code == 204
    assert not Service.objects.exists()
    assert not Target.objects.exists()
    assert Entry.objects.get(action="service.remove").before["targets"][0]["environment"] == "prod"


def test_a_release_under_way_is_in_the_way(api: Api, maintainer: User, checkout: Service, busy: None) -> None:
    new_target(checkout, "prod")
    answer = api(maintainer).delete("/services/checkout/")
    assert answer.status_code == 409
    assert answer.json()["blocked_by"] == [{"kind": "release", "id": "r-1", "service": "checkout"}]
    assert Service.objects.exists()


def test_developers_may_not(api: Api, developer: User, checkout: Service) -> None:
    assert api(developer).delete("/services/checkout/").status_code == 403


def test_an_old_version_is_refused(api: Api, maintainer: User, checkout: Service) -> None:
    assert api(maintainer).delete("/services/checkout/", headers={"If-Match": '"7"'}).status_code == 412


def test_the_page_wants_the_name_typed(web_client: Web, maintainer: User, checkout: Service) -> None:
    browser = web_client(maintainer)
    assert browser.post("/services/checkout/remove/", {"confirm": "chekout"}).status_code == 422
    assert Service.objects.exists()
    answer = browser.post("/services/checkout/remove/", {"confirm": "checkout"})
    assert (answer.status_code, answer["Location"]) == (303, "/services/")
    assert not Service.objects.exists()
