"""T04 and T47: whatever another team tries on things that are not theirs, they are not there, and nothing tells so.

The addresses come from the URL map, so that a new room is swept as soon as it has one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from accounts.models import Team, User
from audit.models import Entry
from tests.abuse.furnished import House, Place, furnish, places
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_user

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

# Everybody may know which environments, roles and chart repositories there are, and what they are like; admins change
# them.
# By which providers one can sign in stands on the page of it.
COMMON = {"environments", "repositories", "roles", "with", "link"}
ADMINS_ONLY = {"users", "installs", "identity-providers", "sign-in", "locks", "sign-in-locks"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# A webhook is believed for its secret, whoever sends it: see tests/webhooks.
PROVEN = {"webhook"}
WITH_OBJECT = [place for place in places() if place.words and set(place.words) - COMMON and place.name not in PROVEN]
LISTS = [place for place in places() if not place.words and not place.name.startswith("healthz")]
_CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|nonce=\"[^\"]*\"|value=\"[^\"]*\"|\d\d:\d\d:\d\d|request_id\":\"[^\"]*"
)


@pytest.fixture
def house(payments: Team) -> House:
    return furnish(payments, member_of(payments, "developer", new_user("zoe")))


def asked(
    house: House, place: Place, method: str, values: dict[str, str], caller: PageClient | ApiClient
) -> tuple[int, str]:
    """Status and text of the answer, without the names asked for and what differs from one request to the next."""
    path = place.filled(values)
    answer = caller.generic(method, path, "{}" if place.is_api else "", content_type="application/json")
    text = answer.content.decode()
    for value in sorted({values[word] for word in place.words}, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(value)}\b", "NAME", text)
    return answer.status_code, _CHANGING.sub("~", text)


@pytest.mark.parametrize("word", sorted({place.words[0] for place in WITH_OBJECT}))
def test_t04_nothing_of_another_team_is_there_and_it_answers_as_for_what_is_not(
    house: House, api: Api, web_client: Web, stranger: User, word: str
) -> None:
    machine, browser = api(stranger), web_client(stranger)
    wrong = []
    for place in WITH_OBJECT:
        if place.words[0] != word:
            continue
        caller = machine if place.is_api else browser
        for method in METHODS:
            hidden = asked(house, place, method, house.values, caller)
            absent = asked(house, place, method, house.absent, caller)
            # 400 tells of a missing parameter, 403 that a page is for admins: both before anything is looked up.
            if hidden[0] not in ({400, 403, 404, 405} if word in ADMINS_ONLY else {400, 404, 405}):
                wrong.append(f"{method} {place}: {hidden[0]}")
            elif hidden != absent:
                lines = zip(hidden[1].splitlines(), absent[1].splitlines(), strict=False)
                wrong += [f"{method} {place} tells {one} / {two}" for one, two in lines if one != two]
    assert wrong == []
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "query", ["", "search=zebra", "q=zebra", "team=payments", "cluster=zebra-cluster", "service=zebra-checkout"]
)
def test_t47_no_list_search_count_or_form_tells_of_another_team(
    house: House, api: Api, web_client: Web, stranger: User, query: str
) -> None:
    machine, browser = api(stranger), web_client(stranger)
    told = []
    for place in LISTS:
        answer = (machine if place.is_api else browser).get(f"/{place.route}?{query}")
        if answer.status_code != 200:
            continue
        text = b"".join(answer).decode() if answer.streaming else answer.content.decode()
        # What was typed may stand in the search box again, and in links that keep the query.
        text = text.replace(f'value="{query.partition("=")[2]}"', "")
        told += [f"{place}: {name}" for name in house.names if re.search(rf"[\">/]{name}[\"</]", text)]
        if query and place.is_api and place.name not in {"environments", "schema"}:
            told += [f"{place}: counts"] if answer.json().get("count") else []
    assert told == []


def test_t47_the_palette_finds_nothing_of_another_team(house: House, web_client: Web, stranger: User) -> None:
    for words in ("zebra", "zebra-checkout", "zebra-cluster", "payments"):
        assert "/services/zebra" not in web_client(stranger).get("/palette/", {"q": words}).content.decode()
        assert "/clusters/zebra" not in web_client(stranger).get("/palette/", {"q": words}).content.decode()
