"""Holding a release and letting it go on: pause and resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.engine.decision import Sentence
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import kinds_of, new_canary, new_release

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
HELD = {"held": {"by": "dev", "phase": "Progressing"}}


def asks(release: Release) -> dict[str, object]:
    release.refresh_from_db()
    return release.asks


def test_a_canary_is_asked_to_hold_once(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target)

    for _ in range(2):
        answer = api(developer).post(f"/releases/{release.pk}/pause/")
        assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/releases/{release.pk}/")

    assert asks(release) == {"pause": {"by": "dev"}}
    assert kinds_of(release) == ["release.start", "release.pause"]
    assert Entry.objects.filter(action="release.pause").count() == 1


def test_one_that_is_held_goes_on(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target, phase="Paused", state=HELD)

    assert api(developer).post(f"/releases/{release.pk}/pause/").status_code == 202
    assert asks(release) == {}
    assert api(developer).post(f"/releases/{release.pk}/resume/").status_code == 202
    assert asks(release) == {"resume": {"by": "dev"}}
    assert Entry.objects.get().action == "release.resume"


def test_one_that_goes_on_already_is_left_alone(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target)

    assert api(developer).post(f"/releases/{release.pk}/resume/").status_code == 202
    assert asks(release) == {}


def test_the_pause_of_a_step_is_left_by_promote_not_by_resume(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target, step=1, weight=10, phase="Paused")

    answer = api(developer).post(f"/releases/{release.pk}/resume/")

    assert answer.status_code == 409
    assert "promote" in answer.json().get("allowed", [])


@pytest.mark.parametrize("phase", ["Queued", "TakingOver", "Finishing", "Aborting", "Succeeded", "Failed"])
def test_where_it_can_be_held(api: Api, developer: User, target: Target, phase: str) -> None:
    release = new_canary(target, phase=phase, state={"outcome": "Aborted"} if phase == "Aborting" else None)

    answer = api(developer).post(f"/releases/{release.pk}/pause/")

    assert answer.status_code == (202 if phase == "TakingOver" else 409), answer.content
    if answer.status_code == 409:
        assert "pause" not in answer.json().get("allowed", [])


def test_the_buttons_work_without_javascript(web_client: Web, developer: User, target: Target) -> None:
    release = new_canary(target)
    browser = web_client(developer)

    assert browser.post(f"/releases/{release.pk}/pause/").status_code == 303
    assert asks(release) == {"pause": {"by": "dev"}}
    assert browser.post(f"/releases/{release.pk}/resume/").status_code == 303
    assert "resume" in asks(release)


@pytest.mark.parametrize("phase", ["Gated", "Preparing", "Progressing", "Finishing", "Succeeded"])
def test_where_a_rolling_release_can_be_held(api: Api, developer: User, target: Target, phase: str) -> None:
    release = new_release(target, phase=phase)

    answer = api(developer).post(f"/releases/{release.pk}/pause/")

    assert answer.status_code == (202 if phase in ("Preparing", "Progressing") else 409), answer.content


def test_the_page_of_a_held_rolling_release_lets_it_go_on(web_client: Web, developer: User, target: Target) -> None:
    message = Sentence("paused_rolling", {"by": "dev", "most": 7})
    release = new_release(target, phase="Paused", state={**HELD, "message": message})
    browser = web_client(developer)

    page = browser.get(f"/releases/{release.pk}/").content.decode()

    assert "up to 7 of them" in page
    assert f"/releases/{release.pk}/resume/" in page
    assert f"/releases/{release.pk}/promote/" not in page
    assert browser.post(f"/releases/{release.pk}/resume/").status_code == 303
    assert asks(release) == {"resume": {"by": "dev"}}


def test_the_page_of_a_rolling_release_offers_to_hold_it(web_client: Web, developer: User, target: Target) -> None:
    release = new_release(target)
    browser = web_client(developer)

    assert f"/releases/{release.pk}/pause/" in browser.get(f"/releases/{release.pk}/").content.decode()
    assert browser.post(f"/releases/{release.pk}/pause/").status_code == 303
    assert asks(release) == {"pause": {"by": "dev"}}


@pytest.mark.parametrize("verb", ["pause", "resume", "promote"])
def test_who_may_not(api: Api, viewer: User, approver: User, stranger: User, target: Target, verb: str) -> None:
    release: Any = new_canary(target, phase="Paused", state=HELD)

    assert api(viewer).post(f"/releases/{release.pk}/{verb}/").status_code == 403
    assert api(approver).post(f"/releases/{release.pk}/{verb}/").status_code == 403
    assert api(stranger).post(f"/releases/{release.pk}/{verb}/").status_code == 404
