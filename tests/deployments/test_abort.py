"""Aborting a release, by REST and by the button."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import kinds_of, new_release

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


def asks(release: Release) -> dict[str, object]:
    release.refresh_from_db()
    return release.asks


def test_it_is_asked_for_and_accepted(api: Api, developer: User, target: Target) -> None:
    release = new_release(target)

    answer = api(developer).post(f"/releases/{release.pk}/abort/", {"reason": "wrong image"})

    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/releases/{release.pk}/"
    assert asks(release) == {"abort": {"by": "dev", "reason": "wrong image"}}
    assert kinds_of(release) == ["release.start", "release.abort"]


def test_asking_twice_is_asking_once(api: Api, developer: User, target: Target) -> None:
    release = new_release(target)

    for _ in range(2):
        assert api(developer).post(f"/releases/{release.pk}/abort/").status_code == 202

    assert kinds_of(release) == ["release.start", "release.abort"]
    assert Entry.objects.filter(action="release.abort").count() == 1


def test_the_button_works_without_javascript(web_client: Web, developer: User, target: Target) -> None:
    release = new_release(target)
    browser = web_client(developer)
    page = browser.get(f"/releases/{release.pk}/").content.decode()
    assert "Abort and go back to 1.7.3" in page

    answer = browser.post(f"/releases/{release.pk}/abort/", {"reason": "too slow"})

    assert answer.status_code == 303
    assert answer["Location"] == f"/releases/{release.pk}/"
    assert asks(release) == {"abort": {"by": "dev", "reason": "too slow"}}
    assert "abort asked by dev" in browser.get(answer["Location"]).content.decode()


def test_it_takes_a_post(web_client: Web, api: Api, developer: User, target: Target) -> None:
    release = new_release(target)

    assert web_client(developer).get(f"/releases/{release.pk}/abort/").status_code == 405
    assert api(developer).get(f"/releases/{release.pk}/abort/").status_code == 405
    assert asks(release) == {}


def test_who_may_only_look_is_told_what_is_missing(api: Api, web_client: Web, viewer: User, target: Target) -> None:
    release = new_release(target)

    answer = api(viewer).post(f"/releases/{release.pk}/abort/")
    page = web_client(viewer).get(f"/releases/{release.pk}/").content.decode()

    assert answer.status_code == 403
    assert answer.json()["permission"] == "release.abort"
    assert web_client(viewer).post(f"/releases/{release.pk}/abort/").status_code == 403
    assert asks(release) == {}
    assert 'aria-disabled="true"' in page
    assert "You lack release.abort in team payments" in page


def test_another_team_finds_nothing(api: Api, web_client: Web, stranger: User, target: Target) -> None:
    release = new_release(target)

    assert api(stranger).post(f"/releases/{release.pk}/abort/").status_code == 404
    assert web_client(stranger).post(f"/releases/{release.pk}/abort/").status_code == 404
    assert asks(release) == {}


def test_a_token_needs_the_scope(api: Api, developer: User, target: Target) -> None:
    release = new_release(target)

    assert api(developer, scopes=["read"]).post(f"/releases/{release.pk}/abort/").status_code == 403
    assert api(developer, scopes=["deploy"]).post(f"/releases/{release.pk}/abort/").status_code == 202


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Finishing"])
def test_too_late_names_what_can_be_done_instead(
    api: Api, web_client: Web, developer: User, target: Target, phase: str
) -> None:
    release = new_release(target, phase=phase)

    answer = api(developer).post(f"/releases/{release.pk}/abort/")
    browser = web_client(developer)
    back = browser.post(f"/releases/{release.pk}/abort/")

    assert answer.status_code == 409
    assert answer.json().get("allowed", []) == ([] if phase == "Finishing" else ["retry", "rollback"])
    assert "be aborted" in browser.get(back["Location"]).content.decode()


@pytest.mark.parametrize("body", [{"reason": "x" * 2001}, {"why": "misspelt"}, {"reason": ["a", "list"]}])
def test_a_strange_body_is_refused(api: Api, developer: User, target: Target, body: dict[str, object]) -> None:
    release = new_release(target)

    assert api(developer).post(f"/releases/{release.pk}/abort/", body).status_code == 422
    assert asks(release) == {}
