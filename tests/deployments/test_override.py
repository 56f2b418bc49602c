"""Letting a release pass the freeze window that holds it: who may, for how long, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from deployments.engine import gates
from deployments.engine.seen import Seen
from deployments.freeze import window_of
from deployments.models import Release
from deployments.save import status_of
from deployments.spec import spec_of, state_of
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import kinds_of, new_canary

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
WHY = {"reason": "cards are refused"}


def freeze(target: Target, name: str = "new year", role: str = "approver", hours: int = 5) -> None:
    """One more window that holds now."""
    now = timezone.now()
    starts, ends = now - timedelta(hours=1), now + timedelta(hours=hours)
    window = {"name": name, "mode": "block", "starts": starts.isoformat(), "ends": ends.isoformat()}
    target.environment.freeze_windows += [{**window, "override_role": role}]
    target.environment.save()


def held(target: Target) -> Release:
    """A canary before its second step, as the engine leaves it where a window holds."""
    release = new_canary(target, step=1, weight=10)
    decision = look(release)
    assert decision is not None
    Release.objects.filter(pk=release.pk).update(
        state=decision.state.to_json(), status=status_of(decision.state), reason=decision.state.reason
    )
    release.refresh_from_db()
    return release


def look(release: Release) -> Any:
    """What the engine says of the window now; None where it lets the release go on."""
    now = timezone.now()
    release.refresh_from_db()
    seen = Seen(window=window_of(release, now))
    return gates.window_open(spec_of(release), state_of(release), seen, now)


def is_held(release: Release) -> bool:
    """Whether the next look would leave it waiting."""
    decision = look(release)
    return decision is not None and decision.state.reason == "FreezeWindow"


def test_the_role_that_the_window_names_lets_it_go_on_once(api: Api, approver: User, target: Target) -> None:
    freeze(target)
    release = held(target)
    assert is_held(release)

    for _ in range(2):
        assert api(approver).post(f"/releases/{release.pk}/override/", WHY).status_code == 202

    assert not is_held(release)
    assert kinds_of(release) == ["release.start", "release.override"]
    entry = Entry.objects.get(action="release.override")
    assert (entry.actor, entry.data["window"], entry.data["role"], entry.data["reason"]) == (
        "apu",
        "new year",
        "approver",
        "cards are refused",
    )


def test_another_window_holds_it_again_and_is_asked_for_anew(api: Api, approver: User, target: Target) -> None:
    freeze(target)
    release = held(target)
    api(approver).post(f"/releases/{release.pk}/override/", WHY)

    freeze(target, "audit", hours=9)

    assert is_held(release)
    assert api(approver).post(f"/releases/{release.pk}/override/", WHY).status_code == 202
    assert not is_held(release)


@pytest.mark.parametrize(("role", "status"), [("developer", 202), ("approver", 403), ("maintainer", 403), ("", 403)])
def test_nobody_else_may(api: Api, developer: User, target: Target, role: str, status: int) -> None:
    freeze(target, role=role)
    release = held(target)

    answer = api(developer).post(f"/releases/{release.pk}/override/", WHY)

    assert answer.status_code == status
    assert is_held(release) == (status == 403)
    assert Entry.objects.filter(action="release.override").exists() == (status == 202)


def test_of_two_windows_the_stricter_decides(api: Api, developer: User, admin: User, target: Target) -> None:
    freeze(target, "all night", role="developer", hours=9)
    freeze(target, "the audit", role="admin", hours=1)
    release = held(target)

    assert api(developer).post(f"/releases/{release.pk}/override/", WHY).status_code == 403
    assert api(admin).post(f"/releases/{release.pk}/override/", WHY).status_code == 202
    assert not is_held(release)


def test_a_reason_is_needed(api: Api, approver: User, target: Target) -> None:
    freeze(target)
    release = held(target)

    for body in ({}, {"reason": ""}, {"reason": "  "}):
        assert api(approver).post(f"/releases/{release.pk}/override/", body).status_code in (400, 422)

    assert is_held(release)


@pytest.mark.parametrize(
    "columns", [{"ended": True}, {"emergency": True}, {"phase": "Finishing"}, {"asks": {"abort": {"by": "dev"}}}]
)
def test_what_no_window_holds_has_nothing_to_pass(
    api: Api, approver: User, target: Target, columns: dict[str, Any]
) -> None:
    freeze(target)
    release = new_canary(target)
    Release.objects.filter(pk=release.pk).update(**columns)

    answer = api(approver).post(f"/releases/{release.pk}/override/", WHY)

    assert answer.status_code == 409
    assert "override" not in answer.json().get("allowed", [])


def test_without_a_window_it_says_so(api: Api, approver: User, target: Target) -> None:
    answer = api(approver).post(f"/releases/{new_canary(target).pk}/override/", WHY)

    assert answer.status_code == 409
    assert "No freeze window" in answer.json()["detail"]


def test_the_page_of_a_held_release_has_the_button_until_it_was_pressed(
    web_client: Web, approver: User, viewer: User, target: Target
) -> None:
    freeze(target)
    release = held(target)
    action, address = f"/releases/{release.pk}/override/", f"/releases/{release.pk}/"
    assert f'action="{action}"' not in web_client(viewer).get(address).content.decode()
    browser = web_client(approver)
    assert f'action="{action}"' in browser.get(address).content.decode()

    assert browser.post(action, {"reason": ""}).status_code == 303
    assert is_held(release)
    assert browser.post(action, WHY).status_code == 303

    assert not is_held(release)
    assert f'action="{action}"' not in browser.get(address).content.decode()
