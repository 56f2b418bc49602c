"""Trying a paused release again, by REST and by the button. Ended ones need a cluster: test_start_release."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from clusters.models import Grant
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import kinds_of, new_release, pulled_badly

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


@pytest.fixture(autouse=True)
def granted(target: Target) -> None:
    Grant.objects.create(team=target.team, cluster=target.cluster, namespaces=[target.namespace])


def test_a_paused_one_goes_on_under_its_own_id(api: Api, developer: User, target: Target) -> None:
    release = new_release(target, phase="Paused", state=pulled_badly())

    answer = api(developer).post(f"/releases/{release.pk}/retry/")

    assert (answer.status_code, answer.json()["id"]) == (202, str(release.pk))
    assert kinds_of(release)[-1] == "release.retry"
    assert Entry.objects.get(action="release.retry").actor == "dev"


def test_the_button_works_without_javascript(web_client: Web, developer: User, target: Target) -> None:
    release = new_release(target, phase="Paused", state=pulled_badly())
    browser = web_client(developer)
    assert "Try again, or go back?" in browser.get(f"/releases/{release.pk}/").content.decode()

    assert browser.post(f"/releases/{release.pk}/retry/").status_code == 303
    assert kinds_of(release)[-1] == "release.retry"


def test_one_that_is_under_way_cannot_be_tried_again(api: Api, developer: User, target: Target) -> None:
    release = new_release(target)

    answer = api(developer).post(f"/releases/{release.pk}/retry/")

    assert (answer.status_code, answer.json()["allowed"]) == (409, ["abort"])


def test_one_that_has_succeeded_can_only_be_rolled_back(api: Api, developer: User, target: Target) -> None:
    release = new_release(target, phase="Succeeded")

    answer = api(developer).post(f"/releases/{release.pk}/retry/")

    assert (answer.status_code, answer.json()["allowed"]) == (409, ["rollback"])


def test_who_may_only_look_may_not(api: Api, viewer: User, stranger: User, target: Target) -> None:
    release = new_release(target, phase="Paused")

    assert api(viewer).post(f"/releases/{release.pk}/retry/").status_code == 403
    assert api(stranger).post(f"/releases/{release.pk}/retry/").status_code == 404


def test_promoting_a_rolling_release_is_refused_and_names_the_verbs_that_it_has(
    api: Api, developer: User, viewer: User, target: Target
) -> None:
    release = new_release(target)

    answer = api(developer).post(f"/releases/{release.pk}/promote/")

    assert answer.status_code == 409
    assert answer.json()["allowed"] == ["abort", "pause"]
    assert "promote" in answer.json()["detail"]
    assert api(viewer).post(f"/releases/{release.pk}/promote/").status_code == 403


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_nothing_waits_for_an_approval_in_a_rolling_release(
    api: Api, approver: User, developer: User, target: Target, verb: str
) -> None:
    release = new_release(target, phase="Paused")

    answer = api(approver).post(f"/releases/{release.pk}/{verb}/")

    assert (answer.status_code, answer.json()["allowed"]) == (409, ["abort", "retry"])
    # Who may decide depends on the approval that is asked for; where none is, nobody is told more than that.
    assert api(developer).post(f"/releases/{release.pk}/{verb}/").status_code == 409
