"""Leaving pauses: promote, promote full, and a click that comes late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import new_canary, new_release

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


def asks(release: Release) -> dict[str, object]:
    release.refresh_from_db()
    return release.asks


def test_a_pause_is_left_once(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target, step=1, weight=10, phase="Paused")

    for _ in range(2):
        assert api(developer).post(f"/releases/{release.pk}/promote/").status_code == 202

    assert asks(release) == {"promote": {"by": "dev", "full": False, "step": 1}}
    assert Entry.objects.filter(action="release.promote").count() == 1


def test_full_may_follow_but_not_the_other_way(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target, step=1, weight=10, phase="Paused")

    for full in (False, True, False):
        assert api(developer).post(f"/releases/{release.pk}/promote/", {"full": full}).status_code == 202

    assert asks(release) == {"promote": {"by": "dev", "full": True, "step": 1}}


def test_a_click_that_comes_late_leaves_no_other_pause(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target, step=5, weight=50, phase="Paused")

    answer = api(developer).post(f"/releases/{release.pk}/promote/", {"step": 1})

    assert answer.status_code == 409
    assert asks(release) == {}


@pytest.mark.parametrize(
    ("phase", "state", "plain", "full"),
    [
        ("Progressing", {}, 409, 202),
        ("Analysing", {}, 409, 202),
        ("Paused", {}, 202, 202),
        ("Paused", {"held": {"by": "dev", "phase": "Progressing"}}, 409, 202),
        ("Paused", {"reason": "AnalysisInconclusive"}, 202, 202),
        ("Paused", {"reason": "ProgressDeadlineExceeded"}, 409, 409),
        ("TakingOver", {}, 409, 409),
        ("Finishing", {}, 409, 409),
        ("Succeeded", {}, 409, 409),
    ],
)
def test_where_there_is_something_to_leave(
    api: Api, developer: User, target: Target, phase: str, state: dict[str, object], plain: int, full: int
) -> None:
    for wanted, is_full in ((plain, False), (full, True)):
        release = new_canary(target, step=1, weight=10, phase=phase, state=dict(state))
        answer = api(developer).post(f"/releases/{release.pk}/promote/", {"full": is_full})
        assert answer.status_code == wanted, answer.content
        if wanted == 409:
            assert answer.json()["type"].endswith("wrong_phase")
        Release.objects.all().update(holding=False, ended=True)


def test_accepting_an_open_analysis_is_audited_as_that(api: Api, developer: User, target: Target) -> None:
    release = new_canary(target, step=2, weight=10, phase="Paused", state={"reason": "AnalysisInconclusive"})

    api(developer).post(f"/releases/{release.pk}/promote/")

    assert "AnalysisInconclusive" in str(vars(Entry.objects.get(action="release.promote")))


def test_the_button_tells_which_pause_it_meant(web_client: Web, developer: User, target: Target) -> None:
    release = new_canary(target, step=1, weight=10, phase="Paused")
    browser = web_client(developer)
    assert '<input type="hidden" name="step" value="1">' in browser.get(f"/releases/{release.pk}/").content.decode()

    assert browser.post(f"/releases/{release.pk}/promote/", {"step": "1"}).status_code == 303

    assert asks(release) == {"promote": {"by": "dev", "full": False, "step": 1}}


def test_a_rolling_release_has_no_pause_to_leave(api: Api, developer: User, target: Target) -> None:
    assert api(developer).post(f"/releases/{new_release(target).pk}/promote/").status_code == 409
