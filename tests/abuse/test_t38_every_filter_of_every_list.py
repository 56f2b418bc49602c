"""T38: every filter, order and search of the whole API, and of every page, takes SQL and templates as mere text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Team, User
from portal.openapi import document
from tests.abuse.furnished import House, furnish, places
from tests.callers import ApiClient

INJECTIONS = [
    "' OR '1'='1",
    "x'; DROP TABLE services_service; --",
    "1) UNION SELECT secret FROM clusters_clustercredential --",
    "%' OR name LIKE '%",
    '"; SELECT pg_sleep(10); --',
    "service__team__name",
    "{{48611*104729}}",
    "{% debug %}",
    "${48611*104729}",
    "\x00",
    "\\",
]
CALCULATED, DEBUGGED = "5090981419", "DJANGO_SETTINGS_MODULE"


@pytest.fixture
def house(payments: Team, developer: User, valkey: object) -> House:
    """Team payments with one of everything."""
    return furnish(payments, developer)


def filters() -> Iterator[tuple[str, str]]:
    """Every query parameter of every GET of the API."""
    for path, methods in document()["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            # Headers are named once for all operations and referred to.
            if parameter.get("in") == "query" and not path.endswith("/wait/"):
                yield path.removeprefix("/api/v1"), parameter["name"]


@pytest.mark.parametrize("path", sorted({path for path, _name in filters()}))
def test_t38_no_filter_of_the_api_runs_what_it_is_given(
    path: str, house: House, api: Callable[..., ApiClient], developer: User
) -> None:
    caller, address = api(developer), _filled(path, house)
    everything = _ids(caller.get(address))
    for name in (name for of, name in filters() if of == path):
        for injection in INJECTIONS:
            answer = caller.get(address, {name: injection})
            assert answer.status_code in {200, 400, 403, 404, 409, 422}, f"{name}={injection}: {answer.status_code}"
            assert _ids(answer) <= everything, f"{name}={injection}"


@pytest.mark.parametrize("injection", [*INJECTIONS[:2], *INJECTIONS[6:8], "\x00"])
def test_t38_no_page_runs_what_stands_in_its_address(
    injection: str, house: House, web_client: Callable[[User], Client], admin: User
) -> None:
    browser = web_client(admin)
    names = sorted({name for _path, name in filters()} | {"page", "fragment", "next", "to", "sort", "view"})
    for place in places():
        if place.is_api or str(place).startswith(("/healthz/", "/live/", "/static/")):
            continue
        try:
            address = place.filled(house.values)
        except KeyError:
            continue
        # One at a time where a page has them all: a refused first would hide the others.
        for asked in ({name: injection for name in names if name != "fragment"}, {"fragment": injection}):
            answer = browser.get(address, asked)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert place.answers(answer.status_code), f"{address} {asked}"
            text = body.decode(errors="replace")
            assert CALCULATED not in text, address
            assert DEBUGGED not in text, address


def _filled(path: str, house: House) -> str:
    """The path with the names of what the house has."""

    def value(found: re.Match[str]) -> str:
        word = path[: found.start()].rstrip("/").rpartition("/")[2]
        return house.values.get(word, "1")

    return re.sub(r"\{\w+\}", value, path)


def _ids(answer: Any) -> set[str]:
    """Which rows were answered."""
    if answer.status_code != 200 or answer["Content-Type"] != "application/json":
        return set()
    rows = answer.json().get("results") or []
    return {str(row.get("id") or row.get("name")) for row in rows if isinstance(row, dict)}
