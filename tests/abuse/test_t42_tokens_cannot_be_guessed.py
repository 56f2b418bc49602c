"""T42: tokens are random, kept as hashes, never in an address."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test import Client

from accounts.models import Team, Token, User
from accounts.tokens import hashed, new_token
from tests.callers import ApiClient
from tests.factories.accounts import new_robot
from webhooks.models import WebhookDelivery


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


def test_t42_a_rotated_one_differs_and_is_kept_as_a_hash(api: Callable[..., ApiClient], developer: User) -> None:
    caller = api(developer)
    made = caller.post("/tokens/", {"name": "ci"}).json()
    secrets = [made["token"]]
    secrets += [caller.post(f"/tokens/{made['id']}/rotate/", {"overlap": 60}).json()["token"] for _ in range(3)]
    assert len(set(secrets)) == 4
    stored = Token.objects.get(pk=made["id"])
    assert (stored.hash, stored.old_hash) == (hashed(secrets[3]), hashed(secrets[2]))
    texts = [str(getattr(stored, field.attname)) for field in Token._meta.concrete_fields]
    assert not any(secret in text for secret in secrets for text in texts)


def test_t42_the_secret_of_a_webhook_cannot_be_guessed_nor_read_from_the_table(
    api: Callable[..., ApiClient], maintainer: User, payments: Team
) -> None:
    new_robot(payments, "registry")
    caller = api(maintainer)
    given = {"name": "registry", "kind": "generic", "robot": "registry@payments"}
    secrets = [caller.post("/webhook-sources/", given).json()["secret"]]
    secrets += [caller.post("/webhook-sources/registry/rotate/", {"overlap": 60}).json()["secret"] for _ in range(3)]
    assert len(set(secrets)) == 4
    assert all(len(secret) * 6 >= 128 for secret in secrets)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhooks_webhooksource")
        stored = cursor.fetchone()[0]
    assert not any(secret in stored for secret in secrets)


def test_t42_the_secret_of_a_webhook_in_its_address_proves_nothing(
    api: Callable[..., ApiClient], maintainer: User, payments: Team
) -> None:
    new_robot(payments, "registry")
    given = {"name": "registry", "kind": "generic", "robot": "registry@payments"}
    secret = api(maintainer).post("/webhook-sources/", given).json()["secret"]
    for name in ("secret", "token", "X-Gitlab-Token"):
        answer = Client().post(f"/api/v1/webhooks/registry/?{name}={secret}", {}, content_type="application/json")
        assert answer.status_code in {400, 401}
    assert not WebhookDelivery.objects.exists()
