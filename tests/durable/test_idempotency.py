"""A POST that is sent twice is done once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Team, User
from durable import idempotency
from durable.models import IdempotencyKey
from tests.callers import ApiClient
from tests.factories.accounts import new_user, token_of

Api = Callable[..., ApiClient]
KEY = {"Idempotency-Key": "deploy-4711"}


def test_the_first_answer_comes_again(api: Api, admin: User) -> None:
    caller = api(admin)
    first = caller.post("/teams/", {"name": "payments", "title": "x"}, headers=KEY)
    again = caller.post("/teams/", {"title": "x", "name": "payments"}, headers=KEY)
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json(), again["Location"]) == (201, first.json(), first["Location"])
    assert Team.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/teams/", {"name": "payments"}),
        ("/environments/", {"name": "qa", "order": 7}),
        ("/users/", {"username": "grace", "password": "correct horse battery"}),
        ("/tokens/", {"name": "ci"}),
    ],
)
def test_what_was_made_is_answered_when_the_first_answer_was_lost(
    api: Api, admin: User, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, object]
) -> None:
    def dies(*_about: object, **_more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("durable.idempotency.IdempotentMixin._keep", dies)
        with pytest.raises(SystemExit):
            api(admin).post(path, body, headers=KEY)

    again = api(admin).post(path, body, headers=KEY)
    third = api(admin).post(path, body, headers=KEY)

    assert again.status_code == 201, again.content
    assert third["Idempotency-Replayed"] == "true"
    assert again["Location"].startswith(f"/api/v1{path}")
    assert api(admin).get(again["Location"].removeprefix("/api/v1")).status_code == 200
    assert "token" not in again.json()


def test_a_refusal_comes_again_as_a_problem(api: Api, admin: User) -> None:
    caller = api(admin)
    first = caller.post("/teams/", {"name": "Not A Name"}, headers=KEY)
    again = caller.post("/teams/", {"name": "Not A Name"}, headers=KEY)
    assert (first.status_code, again.status_code) == (422, 422)
    assert again["Content-Type"] == "application/problem+json"
    assert again.json() == first.json()


def test_the_same_key_with_another_body_is_refused(api: Api, admin: User) -> None:
    caller = api(admin)
    caller.post("/teams/", {"name": "payments"}, headers=KEY)
    other = caller.post("/teams/", {"name": "orders"}, headers=KEY)
    assert (other.status_code, other.json()["type"]) == (422, "urn:slipway:problem:idempotency_key_reused")
    assert not Team.objects.filter(name="orders").exists()


def test_the_same_key_for_another_address_is_refused(api: Api, admin: User) -> None:
    caller = api(admin)
    caller.post("/teams/", {"name": "payments"}, headers=KEY)
    assert caller.post("/users/", {"name": "payments"}, headers=KEY).status_code == 422


def test_keys_of_two_people_never_meet(api: Api, admin: User) -> None:
    api(admin).post("/teams/", {"name": "payments"}, headers=KEY)
    other = api(new_user(is_admin=True)).post("/teams/", {"name": "orders"}, headers=KEY)
    assert other.status_code == 201


def test_while_the_first_one_runs_the_second_is_told_so(api: Api, admin: User) -> None:
    caller = api(admin)
    caller.post("/teams/", {"name": "payments"}, headers=KEY)
    IdempotencyKey.objects.update(status=0, body=None, made="", claimed_until=timezone.now() + timedelta(seconds=60))
    answer = caller.post("/teams/", {"name": "payments"}, headers=KEY)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:slipway:problem:idempotency_in_progress")


def test_the_claim_of_one_that_died_lapses(api: Api, admin: User) -> None:
    caller = api(admin)
    caller.post("/teams/", {"name": "payments"}, headers=KEY)
    Team.objects.all().delete()
    IdempotencyKey.objects.update(status=0, body=None, made="", claimed_until=timezone.now() - timedelta(seconds=1))
    assert caller.post("/teams/", {"name": "payments"}, headers=KEY).status_code == 201
    assert Team.objects.count() == 1


def test_a_key_is_forgotten_after_a_day(api: Api, admin: User) -> None:
    caller = api(admin)
    caller.post("/teams/", {"name": "payments"}, headers=KEY)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert caller.post("/teams/", {"name": "orders"}, headers=KEY).status_code == 201
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert idempotency.forget_old_keys() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel"])
def test_a_key_that_cannot_be_kept_is_refused(api: Api, admin: User, key: str) -> None:
    answer = api(admin).post("/teams/", {"name": "payments"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert not Team.objects.exists()


def test_the_longest_key_is_taken(api: Api, admin: User) -> None:
    answer = api(admin).post("/teams/", {"name": "payments"}, headers={"Idempotency-Key": "x" * 255})
    assert answer.status_code == 201


def test_a_refused_caller_claims_nothing(api: Api, db: None) -> None:
    assert api().post("/teams/", {"name": "payments"}, headers=KEY).status_code == 401
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sent_at_the_same_moment_it_is_done_once(valkey: object) -> None:
    raw = token_of(new_user(is_admin=True))
    together = Barrier(4)

    def post(_number: int) -> tuple[int, str]:
        caller = ApiClient()
        caller.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
        together.wait()
        try:
            answer = caller.post("/teams/", {"name": "payments"}, headers=KEY)
            return answer.status_code, answer.get("Idempotency-Replayed", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(post, range(4)))
    assert Team.objects.count() == 1
    assert answers.count((201, "")) == 1
    assert set(answers) <= {(201, ""), (201, "true"), (409, "")}
