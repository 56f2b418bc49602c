"""Freeze windows edited as rows of a form, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from services.models import Environment
from tests.callers import PageClient

Web = Callable[[User], PageClient]
ADDRESS = "/environments/prod/freeze-windows/"
NIGHT = {"name": "night", "mode": "block", "weekdays": ["fri"], "from": "22:00", "to": "06:00", "time_zone": "UTC"}


def rows(*windows: dict[str, Any], there: int = 0, **more: str) -> dict[str, Any]:
    """What a browser sends: `there` of the rows were on the page, the others are new."""
    form: dict[str, Any] = {"window-TOTAL_FORMS": len(windows), "window-INITIAL_FORMS": there, **more}
    for number, window in enumerate(windows):
        form |= {f"window-{number}-{name}": value for name, value in window.items()}
    return form


WEEKLY = {
    "name": "night",
    "mode": "block",
    "repeats": "weekly",
    "weekdays": ["fri"],
    "begins_at": "22:00",
    "ends_at": "06:00",
}
ONCE = {
    "name": "year end",
    "mode": "block",
    "override_role": "maintainer",
    "repeats": "once",
    "starts": "2026-12-24T08:00",
    "ends": "2027-01-02T08:00",
    "time_zone": "Europe/Berlin",
}


@pytest.fixture
def prod(db: None) -> Environment:
    return Environment.objects.create(name="prod", freeze_windows=[NIGHT])


def test_one_is_added_beside_those_that_are_there(web_client: Web, admin: User, prod: Environment) -> None:
    answer = web_client(admin).post(ADDRESS, rows(WEEKLY, ONCE, there=1))
    assert (answer.status_code, answer["Location"]) == (303, "/environments/prod/")
    prod.refresh_from_db()
    assert prod.freeze_windows == [
        NIGHT,
        {
            "name": "year end",
            "mode": "block",
            "override_role": "maintainer",
            "starts": "2026-12-24T08:00:00+01:00",
            "ends": "2027-01-02T08:00:00+01:00",
        },
    ]


def test_one_is_removed_by_its_box(web_client: Web, admin: User, prod: Environment) -> None:
    web_client(admin).post(ADDRESS, rows({**WEEKLY, "DELETE": "on"}, there=1))
    prod.refresh_from_db()
    assert prod.freeze_windows == []


def test_a_row_left_empty_is_none(web_client: Web, admin: User, prod: Environment) -> None:
    empty = {"name": "", "mode": "block", "repeats": "once"}
    web_client(admin).post(ADDRESS, rows(WEEKLY, empty, there=1))
    prod.refresh_from_db()
    assert prod.freeze_windows == [NIGHT]


def test_what_is_wrong_is_said_in_its_row_and_nothing_typed_is_lost(
    web_client: Web, admin: User, prod: Environment
) -> None:
    bad = {**ONCE, "ends": "2026-12-01T08:00", "name": "backwards"}
    answer = web_client(admin).post(ADDRESS, rows(WEEKLY, bad, there=1))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A window ends after it starts." in page and 'value="backwards"' in page
    assert 'id="id_window-1-ends_error"' in page
    prod.refresh_from_db()
    assert prod.freeze_windows == [NIGHT]


def test_an_edit_between_is_noticed(web_client: Web, admin: User, prod: Environment) -> None:
    Environment.objects.filter(pk=prod.pk).update(version=5)
    assert web_client(admin).post(ADDRESS, rows(WEEKLY, ONCE, there=1, version="1")).status_code == 422


def test_others_read_why_they_may_not(web_client: Web, maintainer: User, prod: Environment) -> None:
    page = web_client(maintainer).get(ADDRESS).content.decode()
    assert 'aria-disabled="true"' in page
    assert web_client(maintainer).post(ADDRESS, rows(WEEKLY, there=1)).status_code == 403


def test_the_page_of_the_environment_says_what_holds(web_client: Web, admin: User, prod: Environment) -> None:
    prod.freeze_windows = [
        {**NIGHT, "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "00:00"}
    ]
    prod.save()
    page = web_client(admin).get("/environments/prod/").content.decode()
    assert "blocks" in page and "until 20" in page and f'href="{ADDRESS}"' in page
