"""U18: what a person may not do is shown locked, with the reason; nothing that is offered to them is refused with 403.

Pages come from the URL map; what a press would be answered is read from the reviewed permission matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from accounts.models import Team
from tests.abuse.furnished import TEMPLATE, House, furnish, places
from tests.abuse.permission_matrix import ELSEWHERE, Caller, callers
from tests.abuse.test_permission_matrix import rights
from tests.abuse.wishes import query_for
from tests.factories.accounts import member_of, new_user
from tests.factories.services import new_environment

# One form with several buttons: a view of one's own is saved by everybody; YAML is read into the form by whoever looks.
ALSO_FOR_OTHERS = {"/views/save/", "/analysis-templates/new/", f"/analysis-templates/{TEMPLATE}/edit/"}
# The place is chosen in the form: who may install in some environment is offered it.
WHERE_ONE_MAY = {(f"developer in {ELSEWHERE}", "/charts/install/")}
ANSWERS = {(row["method"], row["route"]): row for row in rights()}


class Offers(HTMLParser):
    """What a page lets a person press: forms with a button that is not locked, and links that look like buttons."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.pressable: set[tuple[str, str]] = set()
        self.locked = 0
        self._form: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Forms, the buttons inside them, and links."""
        given = dict(attrs)
        if tag == "form":
            method = (given.get("method") or "get").upper()
            self._form = (method, urlsplit(given.get("action") or self.path).path)
        elif tag == "button" and given.get("aria-disabled") == "true":
            self.locked += 1
        elif tag == "button" and given.get("type", "submit") == "submit" and self._form and self._form[0] == "POST":
            self.pressable.add(self._form)
        elif tag == "a" and "button" in (given.get("class") or "").split():
            self.pressable.add(("GET", urlsplit(given.get("href") or "").path))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


@pytest.fixture
def house(payments: Team, settings: Any) -> House:
    settings.RATE_LIMIT_PER_MINUTE = 10**6
    new_environment(ELSEWHERE)
    return furnish(payments, member_of(payments, "developer", new_user("zoe")))


@pytest.mark.parametrize("name", ["viewer", "approver", "custom (abort)", f"developer in {ELSEWHERE}", "developer"])
def test_nothing_that_is_offered_is_refused(house: House, payments: Team, valkey: Any, name: str) -> None:
    caller = next(one for one in callers(payments) if one.name == name)
    wrong, pages, locked = [], 0, 0
    for path, offers in seen(house, caller):
        pages, locked = pages + 1, locked + offers.locked
        for method, leads_to in sorted(offers.pressable):
            if leads_to in ALSO_FOR_OTHERS or (name, leads_to) in WHERE_ONE_MAY:
                continue
            if answered(method, leads_to, name) == "no":
                wrong.append(f"{path} offers {method} {leads_to}")
    assert not wrong, "\n".join(wrong)
    assert pages > 40
    assert locked or name == "developer"


def seen(house: House, caller: Caller) -> Iterator[tuple[str, Offers]]:
    """Every page that opens for the caller."""
    assert caller.browser is not None
    for place in places():
        if place.is_api or place.name in {"sign_out", "healthz_live", "healthz_ready"}:
            continue
        path = place.filled(house.values) + query_for(place)
        answer = caller.browser.get(path)
        if answer.status_code != 200 or answer.streaming or "text/html" not in answer["Content-Type"]:
            continue
        offers = Offers(path)
        offers.feed(answer.content.decode())
        yield path, offers


def answered(method: str, path: str, name: str) -> str:
    """What the matrix says of a press; "" for what is no address of the portal."""
    try:
        route = resolve(path).route
    except Resolver404:
        return ""
    row = ANSWERS.get((method, f"/{route}"))
    return row[name] if row else ""
