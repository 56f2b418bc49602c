"""T42: tokens are random, kept as hashes, never in an address."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from accounts.models import Token, User
from accounts.tokens import hashed, new_token
from tests.callers import ApiClient


def test_t42_tokens_cannot_be_guessed() -> None:
    made = {new_token() for _ in range(200)}
    assert len(made) == 200
    assert all(len(token.removeprefix("slip_")) * 6 >= 128 for token in made)


def test_t42_only_a_hash_is_stored(api: Callable[..., ApiClient], developer: User) -> None:
    raw = api(developer).post("/tokens/", {"name": "ci"}).json()["token"]
    stored = Token.objects.get(hash=hashed(raw))
    texts = [str(getattr(stored, field.attname)) for field in Token._meta.concrete_fields]
    assert raw not in texts
    assert len(stored.prefix.removeprefix("slip_")) <= 4


def test_t42_made_again_under_the_same_name_it_differs(api: Callable[..., ApiClient], developer: User) -> None:
    caller = api(developer)
    first, second = (caller.post("/tokens/", {"name": "ci"}).json()["token"] for _ in range(2))
    assert first != second


def test_t42_a_token_in_the_address_proves_nothing(api: Callable[..., ApiClient], developer: User) -> None:
    raw = api(developer).post("/tokens/", {"name": "ci"}).json()["token"]
    for name in ("token", "access_token", "Authorization"):
        assert Client().get(f"/api/v1/me/?{name}={raw}").status_code == 401
