"""Changing a release in the browser before it begins."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest

from accounts.models import User
from deployments.models import Release
from services.models import Target
from tests.callers import PageClient
from tests.factories.deployments import REPOSITORY, new_canary
from tests.kubectl import Kubectl

Web = Callable[[User], PageClient]
Live = tuple[Target, Kubectl]
WAITS = {"gates": {"waits": {"gate": "start", "phase": "Gated", "since": "2026-11-29T07:00:00+00:00"}}}
OTHER = "type: canary\nsteps:\n- set_weight: 25\n- pause: {}\n"


def waiting(target: Target) -> Release:
    """One that waits for approval before its first write."""
    return new_canary(target, phase="AwaitingApproval", state=WAITS)


def typed(release: Release, **changes: str) -> dict[str, str]:
    wish = {"image-checkout": f"{REPOSITORY}:1.8.1", "version": "", "strategy": OTHER, "edits": str(release.edits)}
    return {**wish, **changes}


def test_the_page_of_a_waiting_release_leads_there(web_client: Web, developer: User, target: Target) -> None:
    release = waiting(target)
    browser = web_client(developer)

    assert f'href="{release.get_absolute_url()}edit/"' in browser.get(release.get_absolute_url()).content.decode()
    page = browser.get(f"{release.get_absolute_url()}edit/").content.decode()
    assert f'value="{REPOSITORY}:1.8.0"' in page
    assert "- set_weight: 10" in page


@pytest.mark.sandbox
def test_it_becomes_what_was_typed(web_client: Web, developer: User, live: Live) -> None:
    release = waiting(live[0])

    answer = web_client(developer).post(f"{release.get_absolute_url()}edit/", typed(release))

    release.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (303, release.get_absolute_url())
    assert release.images == {"checkout": f"{REPOSITORY}:1.8.1"}
    assert release.strategy["steps"] == [{"set_weight": 25}, {"pause": {}}]


@pytest.mark.sandbox
def test_what_somebody_changed_meanwhile_is_not_overwritten(web_client: Web, developer: User, live: Live) -> None:
    release = waiting(live[0])
    browser = web_client(developer)
    browser.post(f"{release.get_absolute_url()}edit/", typed(release))

    late = browser.post(f"{release.get_absolute_url()}edit/", typed(release, version="mine"))

    assert late.status_code == 412
    assert 'value="mine"' in late.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image-checkout": "UPPER/case"}, 'id="id_image-checkout_error"'),
        ({"strategy": "type: canary\nsteps: ["}, "YAML is broken in line"),
        ({"strategy": ""}, "A release has a strategy"),
    ],
)
def test_a_mistake_is_told_at_its_field(
    web_client: Web, developer: User, target: Target, changes: dict[str, str], words: str
) -> None:
    release = waiting(target)

    answer = web_client(developer).post(f"{release.get_absolute_url()}edit/", typed(release, **changes))

    assert answer.status_code == 422
    assert words in unescape(answer.content.decode())


def test_one_that_has_begun_says_why_not(web_client: Web, developer: User, stranger: User, target: Target) -> None:
    release = new_canary(target, step=1, phase="Paused", weight=10)
    address = f"{release.get_absolute_url()}edit/"

    assert "It has begun: abort it" in web_client(developer).get(address).content.decode()
    assert web_client(stranger).get(address).status_code == 404
