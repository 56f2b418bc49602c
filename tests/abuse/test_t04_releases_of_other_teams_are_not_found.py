"""T04: releases, revisions and timelines of another team are not there, whatever is tried on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import checkout_target, kinds_of, new_release

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

VERBS = ("abort", "retry", "pause", "resume", "promote", "approve", "reject", "override")


@pytest.fixture
def target(payments: Team) -> Target:
    return checkout_target(payments, "dev")


@pytest.fixture
def release(target: Target) -> Release:
    return new_release(target)


@pytest.mark.parametrize("path", ["/releases/{id}/", "/releases/{id}/wait/?timeout=1", "/releases/{id}/events/"])
def test_t04_it_cannot_be_read(api: Api, stranger: User, release: Release, path: str) -> None:
    assert api(stranger).get(path.format(id=release.pk)).status_code == 404


@pytest.mark.parametrize("verb", VERBS)
def test_t04_nothing_can_be_decided_about_it(api: Api, stranger: User, release: Release, verb: str) -> None:
    assert api(stranger).post(f"/releases/{release.pk}/{verb}/").status_code == 404
    assert kinds_of(release) == ["release.start"]


@pytest.mark.parametrize(
    "query", ["", "?service=checkout", "?team=payments", "?search=checkout", "?environment=dev", "?created_by=dev"]
)
def test_t04_lists_and_counts_show_nothing_of_it(api: Api, stranger: User, release: Release, query: str) -> None:
    body = api(stranger).get(f"/releases/{query}").json()

    assert (body["count"], body["results"]) == (0, [])


@pytest.mark.parametrize(
    "path",
    [
        "/releases/{id}/",
        "/services/checkout/deploy/",
        "/services/checkout/deploy/?environment=dev&image=nginx:1&step=review",
        "/services/checkout/rollback/?environment=dev",
    ],
)
def test_t04_no_page_shows_it(web_client: Web, stranger: User, release: Release, path: str) -> None:
    assert web_client(stranger).get(path.format(id=release.pk)).status_code == 404


def test_t04_a_start_or_rollback_is_refused_as_for_a_service_that_is_not_there(
    api: Api, stranger: User, release: Release
) -> None:
    for path in ("/releases/", "/releases/?dry_run=true", "/releases/rollback/"):
        wish = {"environment": "dev", **({} if "rollback" in path else {"image": "nginx:1"})}
        hidden = api(stranger).post(path, {**wish, "service": "checkout"})
        absent = api(stranger).post(path, {**wish, "service": "no-such"})

        assert (hidden.status_code, absent.status_code) == (422, 422)
        assert hidden.json()["detail"].replace("checkout", "no-such") == absent.json()["detail"]
