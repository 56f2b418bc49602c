"""Who may do what, at every address of the portal, is reviewed as a file: no right changes unseen.

SLIPWAY_WRITE_MATRIX=1 writes the file anew (`make permissions`); the difference belongs in the review.
"""

from __future__ import annotations

import csv
import os
from typing import Any

import pytest

from accounts.models import Team
from tests.abuse.furnished import furnish
from tests.abuse.permission_matrix import ELSEWHERE, FILE, callers, matrix
from tests.factories.accounts import member_of, new_user
from tests.factories.services import new_environment

# Where everybody is told what does not fit: it is about themselves, or a question that changes nothing.
OWN = {
    "/api/v1/analysis-templates/try/",
    "/api/v1/auth/device/",
    "/api/v1/auth/exchange/",
    "/api/v1/auth/device/token/",
    "/api/v1/helm-releases/<uuid:pk>/refresh/",
    "/device/",
    "/device/allow/",
    "/device/refuse/",
    "/settings/profile/",
    "/settings/security/confirm/",
    "/sign-in/break-glass/",
    "/api/v1/tokens/<uuid:pk>/rotate/",
    "/settings/tokens/<uuid:pk>/edit/",
    "/settings/tokens/<uuid:pk>/rotate/",
    "/sign-in/",
}

OPEN = {
    *("/healthz/live", "/healthz/ready", "/theme/"),
    *("/sign-in/", "/sign-in/local/", "/sign-in/with/<str:name>/", "/sign-in/with/<str:name>/callback/"),
    *("/sign-in/break-glass/", "/sign-in/second/", "/sign-in/again/"),
    *("/sign-in/passkey/", "/sign-in/passkey/options/", "/api/v1/auth/exchange/", "/api/v1/webhooks/<str:source>/"),
    *("/sign-out/", "/api/v1/auth/device/", "/api/v1/auth/device/token/"),
}


@pytest.mark.slow
def test_every_address_answers_everybody_as_was_reviewed(payments: Team, valkey: Any, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 10**6
    new_environment(ELSEWHERE)
    house = furnish(payments, member_of(payments, "developer", new_user("zoe")))
    found = matrix(house, callers(payments))
    if os.environ.get("SLIPWAY_WRITE_MATRIX"):
        with FILE.open("w", newline="") as file:
            csv.writer(file, dialect="excel-tab", lineterminator="\n").writerows(found)
    assert found == reviewed()


def reviewed() -> list[list[str]]:
    with FILE.open(newline="") as file:
        return list(csv.reader(file, dialect="excel-tab"))


def rights() -> list[dict[str, str]]:
    """The rows by the names of their columns."""
    head, *rows = reviewed()
    return [dict(zip(head, row, strict=True)) for row in rows]


WRITES = [row for row in rights() if row["method"] != "GET"]


def test_a_refusal_for_want_of_a_right_comes_before_one_for_what_was_sent() -> None:
    assert {row["route"] for row in WRITES if row["viewer"] == "unfit"} <= OWN


def test_who_is_not_signed_in_reads_and_changes_nothing() -> None:
    open_to_all = {row["route"] for row in rights() if row["anonymous"] != "sign in"}
    assert open_to_all <= OPEN


def test_who_may_more_is_refused_nothing_that_who_may_less_can_do() -> None:
    less_and_more = [("viewer", "developer"), ("developer", "maintainer"), ("approver", "maintainer")]
    less_and_more += [("viewer", f"developer in {ELSEWHERE}"), (f"developer in {ELSEWHERE}", "developer")]
    less_and_more += [("custom (abort)", "developer"), ("maintainer", "admin"), ("token: read", "maintainer")]
    able = {"yes", "unfit"}
    wrong = [
        f"{row['method']} {row['route']}: {less} yes, {more} {row[more]}"
        for row in rights()
        for less, more in less_and_more
        if row[less] in able and row[more] not in able
    ]
    assert wrong == []


def test_a_token_for_reading_changes_nothing() -> None:
    able = {row["route"] for row in WRITES if row["token: read"] in {"yes", "unfit"}}
    assert able <= OWN
