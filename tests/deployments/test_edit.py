"""Changing what a release was asked for before it begins."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.models import Release
from services.models import Environment, Target
from tests.callers import ApiClient
from tests.factories.deployments import REPOSITORY, new_release
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]
Live = tuple[Target, Kubectl]
WISH = {"service": "checkout", "environment": "dev", "image": f"{REPOSITORY}:1.8.0"}


@pytest.fixture
def waiting(api: Api, developer: User, live: Live) -> Release:
    """A release that was asked for and has not begun: no worker runs here."""
    answer = api(developer).post("/releases/", WISH)
    assert answer.status_code == 202, answer.content
    return Release.objects.get(pk=answer.json()["id"])


def test_image_and_strategy_change_and_the_entity_tag_with_them(api: Api, developer: User, waiting: Release) -> None:
    path = f"/releases/{waiting.pk}/"
    tag = api(developer).get(path)["ETag"]
    change = {"image": f"{REPOSITORY}:1.9.0", "strategy": {"type": "canary", "steps": [{"set_weight": 50}]}}

    answer = api(developer).patch(path, change, headers={"If-Match": tag})

    assert answer.status_code == 200, answer.content
    assert answer["ETag"] != tag
    assert answer.json()["images"] == {"checkout": f"{REPOSITORY}:1.9.0"}
    waiting.refresh_from_db()
    assert waiting.strategy["type"] == "canary"
    assert waiting.template_to["spec"]["containers"][0]["image"] == f"{REPOSITORY}:1.9.0"
    assert Entry.objects.filter(action="release.edit").count() == 1
    assert waiting.events.filter(kind="release.edit", actor="dev").exists()

    late = api(developer).patch(path, {"version": "x"}, headers={"If-Match": tag})
    assert late.status_code == 412


def test_what_is_not_given_stays_and_nothing_changed_is_no_edit(api: Api, developer: User, waiting: Release) -> None:
    path = f"/releases/{waiting.pk}/"
    tag = api(developer).get(path)["ETag"]

    answer = api(developer).patch(path, {"image": f"{REPOSITORY}:1.8.0"})

    assert (answer.status_code, answer["ETag"]) == (200, tag)


def test_what_cannot_be_released_cannot_be_edited_into_it(api: Api, developer: User, waiting: Release) -> None:
    path = f"/releases/{waiting.pk}/"

    assert api(developer).patch(path, {"image": "not an image!"}).status_code == 422
    assert api(developer).patch(path, {"strategy": {"type": "canary", "steps": []}}).status_code == 422
    assert api(developer).patch(path, {"colour": "red"}).status_code == 422
    waiting.refresh_from_db()
    assert waiting.edits == 1


def test_other_images_pass_no_gate_that_was_overridden_for_these(api: Api, developer: User, waiting: Release) -> None:
    passed = {"override_promotion": {"promotion": "staging", "by": "boss", "role": "maintainer", "reason": "hurry"}}
    Release.objects.filter(pk=waiting.pk).update(asks=passed)

    assert api(developer).patch(f"/releases/{waiting.pk}/", {"version": "x"}).status_code == 200
    assert Release.objects.get(pk=waiting.pk).asks == passed
    assert api(developer).patch(f"/releases/{waiting.pk}/", {"image": f"{REPOSITORY}:1.9.0"}).status_code == 200
    assert Release.objects.get(pk=waiting.pk).asks == {}


@pytest.mark.parametrize("phase", ["Progressing", "Paused", "Finishing", "Succeeded"])
def test_once_it_has_begun_it_is_too_late(api: Api, developer: User, target: Target, phase: str) -> None:
    release = new_release(target, phase=phase)

    answer = api(developer).patch(f"/releases/{release.pk}/", {"version": "x"})

    assert answer.status_code in (403, 409), answer.content


def test_who_may_not(api: Api, viewer: User, stranger: User, waiting: Release) -> None:
    assert api(viewer).patch(f"/releases/{waiting.pk}/", {"version": "x"}).status_code == 403
    assert api(stranger).patch(f"/releases/{waiting.pk}/", {"version": "x"}).status_code == 404


def test_approvals_that_were_given_are_void(
    api: Api, developer: User, approver: User, payments: object, live: Live
) -> None:
    Environment.objects.update(approvals=[{"team": "payments", "count": 1}])
    release = Release.objects.get(pk=api(developer).post("/releases/", WISH).json()["id"])
    approval = release.approvals.create(
        gate="start", rules=[{"team": "payments", "count": 1}], subject="old", asked_at=release.created_at
    )

    assert api(developer).patch(f"/releases/{release.pk}/", {"image": f"{REPOSITORY}:1.9.0"}).status_code == 200

    approval.refresh_from_db()
    assert approval.state == "void"
