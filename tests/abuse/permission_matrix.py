"""Who is answered how at which address: the URL map, asked by everybody in every method, as rows of words.

Each call is undone, so that all find the same house.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.test import Client

from accounts.models import Team
from tests.abuse.furnished import House, Place, places
from tests.abuse.wishes import query_for, wish_for
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_team, new_user

FILE = Path(__file__).with_name("permission_matrix.tsv")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ELSEWHERE = "spare"

# What an answer says of the caller's right.
YES = "yes"
UNFIT = "unfit"  # the right was there, or none is needed: what was sent, or the state of things, did not fit
NO = "no"  # 403: may know of it, may not do it
NONE = "none"  # 404: may not know of it
SIGN_IN = "sign in"
NOT_HERE = "-"  # tokens do not open pages


@dataclass(frozen=True)
class Caller:
    """One column: how it calls pages and the API; None where it cannot."""

    name: str
    browser: Client | None
    machine: ApiClient


def callers(team: Team) -> list[Caller]:
    """The columns, from nobody to an admin, and tokens of a maintainer that are narrower than that."""
    others = new_team("others")
    people = {
        "viewer": member_of(team, "viewer", new_user("vic")),
        "approver": member_of(team, "approver", new_user("apu")),
        "custom (abort)": member_of(team, "breaker", new_user("bea")),
        f"developer in {ELSEWHERE}": member_of(team, "developer", new_user("dot"), environment=ELSEWHERE),
        "developer": member_of(team, "developer", new_user("dev")),
        "maintainer": member_of(team, "maintainer", new_user("mia")),
        "developer of others": member_of(others, "developer", new_user("sam")),
        "admin": new_user("ada", is_admin=True),
    }
    columns = [Caller("anonymous", Client(), ApiClient())]
    columns += [Caller(name, PageClient.of(user), ApiClient.of(user)) for name, user in people.items()]
    maintainer = people["maintainer"]
    return columns + [
        Caller(f"token: {scope}", None, ApiClient.of(maintainer, scopes=[scope]))
        for scope in ("read", "deploy", "approve")
    ]


def matrix(house: House, columns: list[Caller]) -> list[list[str]]:
    """The head, then method, route and a word for each caller, for every method that an address takes."""
    found = [["method", "route", *(caller.name for caller in columns)]]
    for place in places():
        for method in METHODS:
            if place.is_api and not takes(place, method):
                continue
            if not place.is_api and method not in {"GET", "POST"}:
                continue
            words = [asked(house, place, method, caller) for caller in columns]
            # One that takes the method answers whoever is signed in with more than 405.
            if any(words):
                found.append([method, str(place), *(word or NOT_HERE for word in words)])
    return found


def asked(house: House, place: Place, method: str, caller: Caller) -> str | None:
    """The word for one call, which is undone; None where the address does not take the method, or not from them."""
    client = caller.machine if place.is_api else caller.browser
    if client is None:
        return None
    path, body = place.filled(house.values) + query_for(place), wish_for(place, method)
    # Signing out or a new password would end the session of the next call.
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        send = getattr(client, method.lower())
        if place.is_api:
            answer = send(path, body, **{"format": "multipart"} if has_file(body) else {})
        else:
            answer = send(path, body or {}) if method == "POST" else send(path)
        transaction.set_rollback(True)
    client.cookies = cookies
    return word_of(answer)


def has_file(body: Any) -> bool:
    """Whether a body is sent as a form for the sake of what is in it."""
    return any(hasattr(value, "read") for value in (body or {}).values())


def takes(place: Place, method: str) -> bool:
    """Whether an address of the API has the method."""
    actions = getattr(place.view, "actions", None)
    return method.lower() in actions if actions else hasattr(getattr(place.view, "cls", None), method.lower())


def word_of(answer: Any) -> str | None:
    """What the status says of the caller's right."""
    status = answer.status_code
    if status == 405:
        return None
    if status == 401 or (status in {302, 303} and answer["Location"].startswith("/sign-in/")):
        return SIGN_IN
    if status in {403, 404}:
        return NO if status == 403 else NONE
    if status < 400:
        return YES
    return NO if is_refused_on_its_form(answer) else UNFIT


def is_refused_on_its_form(answer: Any) -> bool:
    """Whether a page that could not be saved has its button locked, or shows the refusal above what was typed."""
    shown = getattr(answer, "context", None)
    if not shown:
        return False
    form = shown.get("form")
    errors = form.non_field_errors() if hasattr(form, "non_field_errors") else []
    is_locked = isinstance(shown.get("why_not"), str) and bool(shown["why_not"])
    return is_locked or any(re.match(r"You lack |\S+ is for admins|None of your teams", error) for error in errors)
