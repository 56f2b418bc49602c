"""T04: with a token of one team, everything of another team is not there: read, write, list, filter, nested id."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Membership, Token, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import token_of

Api = Callable[..., ApiClient]

CALLS = [
    ("get", "/users/{dev}/"),
    ("patch", "/users/{dev}/"),
    ("get", "/teams/payments/"),
    ("patch", "/teams/payments/"),
    ("get", "/teams/payments/members/"),
    ("post", "/teams/payments/members/"),
    ("delete", "/teams/payments/members/{dev}/"),
    ("get", "/tokens/{token}/"),
    ("delete", "/tokens/{token}/"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_t04_other_teams_are_not_found(api: Api, developer: User, stranger: User, method: str, path: str) -> None:
    token_of(developer)
    url = path.format(dev="dev", token=Token.objects.get(user=developer).pk)
    body = None if method in {"get", "delete"} else {"user": "sam", "role": "viewer", "title": "x", "is_admin": True}
    answer = getattr(api(stranger), method)(url, body)
    assert answer.status_code == 404
    assert Membership.objects.filter(user=developer).count() == 1
    assert Token.objects.get(user=developer).revoked_at is None


@pytest.mark.parametrize(
    "path",
    ["/users/", "/users/?search=dev", "/teams/", "/teams/?search=payments", "/tokens/?user=dev", "/audit/?actor=dev"],
)
def test_t04_lists_and_filters_and_counts_show_nothing_of_them(
    api: Api, developer: User, stranger: User, path: str
) -> None:
    api(developer).post("/tokens/", {"name": "of-dev"})
    assert Entry.objects.filter(actor="dev").exists()
    answer = api(stranger).get(path)
    assert answer.status_code == 200
    assert "dev" not in str(answer.json()["results"])
    assert "payments" not in str(answer.json()["results"])
    assert answer.json()["count"] == len(answer.json()["results"])
