"""The buttons of a canary and of a blue-green release: which there are, and that each says exactly what it does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User
from deployments.decisions import decisions_of
from deployments.engine.strategies import Analyse, Pause, SetWeight
from deployments.models import Release
from services.models import Target
from tests.callers import PageClient
from tests.factories.deployments import new_blue_green, new_canary

Web = Callable[[User], PageClient]
UNDECIDED = {"reason": "AnalysisInconclusive"}
LAST = (SetWeight(50), Pause())
THEN_ANALYSIS = (SetWeight(10), Pause(), Analyse(("success-rate",)))


def labels(release: Release, user: User) -> list[str]:
    found = decisions_of(release, user, is_newest=True)
    return [choice.label for choice in found.choices] if found else []


@pytest.mark.parametrize(
    ("phase", "fields", "first"),
    [
        ("Paused", {"step": 1, "weight": 10, "steps": (SetWeight(10), Pause(), SetWeight(50))}, "Promote to 50 %"),
        ("Paused", {"step": 1, "weight": 50, "steps": LAST}, "Promote to 100 %"),
        ("Paused", {"step": 1, "weight": 10, "steps": THEN_ANALYSIS}, "Promote, next: analysis"),
        ("Paused", {"step": 1, "weight": 10, "state": {"held": {"by": "dev", "phase": "Paused"}}}, "Resume"),
        ("Paused", {"step": 2, "weight": 10, "state": UNDECIDED}, "Measure again"),
        ("Paused", {"step": 0, "state": {"reason": "ImagePullFailed"}}, "Retry 1.8.0"),
        ("Progressing", {"step": 0}, "Pause"),
        ("Analysing", {"step": 2, "weight": 10}, "Pause"),
        ("TakingOver", {"step": 6}, "Pause"),
        ("Gated", {}, "Abort before it starts"),
    ],
)
def test_the_first_button_lets_it_go_on(
    target: Target, developer: User, phase: str, fields: dict[str, Any], first: str
) -> None:
    release = new_canary(target, phase=phase, **fields)

    found = labels(release, developer)

    assert found[0] == first
    assert found[-1] in ("Abort and return all traffic to 1.7.3", "Abort before it starts")


def test_promoting_to_the_end_is_offered_once(target: Target, developer: User) -> None:
    at_the_last = new_canary(target, step=1, phase="Paused", weight=50, steps=LAST)
    before = new_canary(target, step=1, phase="Paused", weight=10, holding=False)

    assert labels(at_the_last, developer).count("Promote to 100 %") == 1
    assert labels(before, developer).count("Promote to 100 %") == 1


@pytest.mark.parametrize("phase", ["Aborting", "Finishing"])
def test_what_cannot_be_stopped_any_more_offers_nothing(target: Target, developer: User, phase: str) -> None:
    assert labels(new_canary(target, phase=phase, step=6), developer) == []


def test_a_blue_green_release_switches(target: Target, developer: User) -> None:
    release = new_blue_green(target, phase="Paused", state={"step": 1})

    assert labels(release, developer)[0] == "Switch all traffic to 1.8.0"


def test_a_timed_pause_says_when_it_would_have_ended(target: Target, developer: User) -> None:
    began = datetime(2026, 11, 29, 7, 0, 0, tzinfo=UTC)
    release = new_canary(target, step=1, phase="Paused", weight=10, state={"step_started_at": began})

    promote = decisions_of(release, developer, is_newest=True).choices[0]  # type: ignore[union-attr]

    assert promote.what == "Leaves the pause now instead of at 07:01:00. The weight stays at 10 %."


def test_who_may_not_sees_each_button_with_the_reason(web_client: Web, viewer: User, target: Target) -> None:
    release = new_canary(target, step=1, phase="Paused", weight=10)

    page = web_client(viewer).get(release.get_absolute_url()).content.decode()

    assert "You lack release.promote in team payments" in page
    assert "You lack release.abort in team payments" in page
    assert f'action="{release.get_absolute_url()}promote/"' not in page


def test_the_button_carries_the_step_that_was_seen(web_client: Web, developer: User, target: Target) -> None:
    release = new_canary(target, step=1, phase="Paused", weight=10)

    page = web_client(developer).get(release.get_absolute_url()).content.decode()

    form = page[page.index(f'action="{release.get_absolute_url()}promote/"') :]
    assert '<input type="hidden" name="step" value="1">' in form[: form.index("</form>")]


def test_the_palette_finds_the_button(web_client: Web, developer: User, target: Target) -> None:
    release = new_canary(target, step=1, phase="Paused", weight=50, steps=LAST)

    page = web_client(developer).get("/palette/?q=promote checkout").content.decode()

    assert "Promote to 100 %" in page
    assert f'href="{release.get_absolute_url()}#decisions"' in page


def test_releases_are_filtered_by_strategy(web_client: Web, developer: User, target: Target) -> None:
    canary = new_canary(target)
    blue_green = new_blue_green(target, holding=False)

    page = web_client(developer).get("/releases/?strategy=canary").content.decode()

    assert canary.get_absolute_url() in page
    assert blue_green.get_absolute_url() not in page


def test_the_service_page_and_home_show_how_far_a_canary_is(web_client: Web, developer: User, target: Target) -> None:
    new_canary(target, step=4, weight=50, state={"routing": {"actual": 10}}, strategy={"traffic": "istio"})
    browser = web_client(developer)

    assert "10 % of 50 % asked" in browser.get("/services/checkout/").content.decode()
    assert "10 % of 50 % asked" in browser.get("/").content.decode()


def test_a_pause_that_ends_by_itself_waits_for_nobody(web_client: Web, developer: User, target: Target) -> None:
    new_canary(target, step=1, phase="Paused", weight=10)

    assert 'id="waiting"' not in web_client(developer).get("/").content.decode()
