"""T25: five wrong passwords lock a name for a caller; no flood of other names opens the lock again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.lockout import EVERYWHERE, LASTS, locks
from tests.factories.accounts import new_user
from tests.hashers import QuickArgon2

PASSWORD = "correct horse battery"
WRONG = "wrong"

pytestmark = pytest.mark.django_db


def guess(name: str, password: str = WRONG, address: str = "192.0.2.1") -> int:
    status: int = Client(REMOTE_ADDR=address).post("/sign-in/", {"username": name, "password": password}).status_code
    return status


@pytest.fixture(autouse=True)
def ada() -> None:
    new_user("ada", password=PASSWORD, is_admin=True)


def test_t25_the_sixth_guess_is_locked_even_with_the_right_password() -> None:
    assert [guess("ada") for _ in range(4)] == [422] * 4
    assert guess("ada") == 429
    assert guess("ada", PASSWORD) == 429


def test_t25_spelling_the_name_otherwise_is_the_same_name() -> None:
    for name in ("ada", "ADA", "Ada", "aDa", "adA"):
        guess(name)
    assert guess("ada", PASSWORD) == 429


def test_t25_a_flood_of_other_names_does_not_evict_the_lock() -> None:
    for _ in range(5):
        guess("ada")
    before = AccessAttempt.objects.count()

    # What 10,000 names leave behind, without the minutes that as many hashes take.
    AccessAttempt.objects.bulk_create(
        AccessAttempt(username=f"other-{number}", ip_address=address, failures_since_start=4)
        for number in range(10_000)
        for address in ("192.0.2.1", EVERYWHERE)
    )
    assert [guess(f"yet-another-{number}") for number in range(20)] == [422] * 20

    # Each name is counted for its address and as a name; none of ada's counters made room.
    assert AccessAttempt.objects.count() == before + 2 * (10_000 + 20)
    assert guess("ada", PASSWORD) == 429


def test_t25_the_owner_elsewhere_is_not_locked_out() -> None:
    for _ in range(6):
        guess("ada")
    assert guess("ada", PASSWORD, address="198.51.100.7") == 303


def test_t25_from_ever_new_addresses_a_name_is_locked_everywhere_after_fifty() -> None:
    statuses = [guess("ada", address=f"203.0.113.{number}") for number in range(50)]

    assert statuses == [422] * 49 + [429]
    assert guess("ada", PASSWORD, address="198.51.100.7") == 429
    assert guess("bob", address="203.0.113.1") == 422


def test_t25_claiming_to_be_another_browser_each_time_does_not_help() -> None:
    for number in range(5):
        Client(REMOTE_ADDR="192.0.2.1", headers={"User-Agent": f"browser {number}"}).post(
            "/sign-in/", {"username": "ada", "password": WRONG}
        )
    assert guess("ada", PASSWORD) == 429
    assert AccessAttempt.objects.filter(username="ada").count() == 2


def test_t25_trying_on_makes_a_lock_no_longer() -> None:
    for _ in range(5):
        guess("ada")
    ends = [row.attempt_time for row in AccessAttempt.objects.order_by("pk")]
    for _ in range(10):
        assert guess("ada") == 429
    assert [row.attempt_time for row in AccessAttempt.objects.order_by("pk")] == ends


def test_t25_a_lock_ends_by_itself() -> None:
    for _ in range(5):
        guess("ada")
    AccessAttempt.objects.update(attempt_time=timezone.now() - LASTS)
    assert guess("ada", PASSWORD) == 303


def test_t25_the_owner_signing_in_does_not_give_a_stranger_more_guesses() -> None:
    for number in range(49):
        guess("ada", address=f"203.0.113.{number}")
    assert guess("ada", PASSWORD, address="198.51.100.7") == 303
    assert guess("ada", address="203.0.113.77") == 429


@pytest.mark.django_db(transaction=True)
def test_t25_of_many_guesses_at_once_none_is_forgotten() -> None:
    def several() -> None:
        try:
            for _ in range(5):
                guess("bob")
        finally:
            connection.close()

    threads = [threading.Thread(target=several) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    [counted] = AccessAttempt.objects.filter(username="bob", ip_address="192.0.2.1")
    # Once it is locked nothing is counted; guesses that were under way together may be.
    assert 5 <= counted.failures_since_start <= 5 + 3
    [of_the_name] = AccessAttempt.objects.filter(username="bob").exclude(pk=counted.pk)
    assert of_the_name.failures_since_start == counted.failures_since_start


def test_t25_the_database_takes_one_counter_for_a_name_from_everywhere() -> None:
    guess("bob")
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessAttempt.objects.create(username="bob", ip_address=EVERYWHERE, failures_since_start=1)
    assert sorted(AccessAttempt.objects.values_list("ip_address", flat=True)) == ["192.0.2.1", EVERYWHERE]


def test_t25_counters_of_an_older_version_are_joined() -> None:
    for failures, address in ((30, None), (15, None), (5, EVERYWHERE)):
        AccessAttempt.objects.create(username="ada", ip_address=address, failures_since_start=failures)
    AccessAttempt.objects.create(username="bob", ip_address=None, failures_since_start=3)

    import_module("accounts.migrations.0009_one_counter_a_name").join(apps, connection.schema_editor())

    counted = AccessAttempt.objects.values_list("username", "ip_address", "failures_since_start")
    assert sorted(counted) == [("ada", EVERYWHERE, 50), ("bob", EVERYWHERE, 3)]
    assert guess("ada", PASSWORD) == 429


def test_t25_joining_takes_two_statements_however_many_names_were_tried(
    django_assert_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    AccessAttempt.objects.bulk_create(
        AccessAttempt(username=f"other-{number}", failures_since_start=1) for number in range(1000)
    )
    join = import_module("accounts.migrations.0009_one_counter_a_name").join
    with django_assert_num_queries(2):
        join(apps, connection.schema_editor())
    assert AccessAttempt.objects.filter(ip_address=EVERYWHERE).count() == 1000


def test_t25_what_an_older_version_counts_meanwhile_is_listed_as_no_lock() -> None:
    AccessAttempt.objects.create(username="ada", ip_address=None, failures_since_start=50)
    assert not locks().exists()
    assert guess("ada", PASSWORD) == 303


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_t25_what_is_said_of_a_lock_does_not_tell_whether_there_is_such_a_name(name: str) -> None:
    answers = [
        Client(REMOTE_ADDR="192.0.2.1").post("/sign-in/", {"username": name, "password": WRONG}) for _ in range(6)
    ]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429] * 2
    assert "Too many wrong passwords or codes for this name." in answers[-1].content.decode()
    assert answers[-1]["Retry-After"] == "900"


def test_t25_a_forged_forwarding_header_does_not_help() -> None:
    for number in range(6):
        Client(REMOTE_ADDR="192.0.2.1").post(
            "/sign-in/",
            {"username": "ada", "password": "wrong"},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
    assert guess("ada", PASSWORD) == 429


def test_t25_signing_in_forgets_earlier_mistakes() -> None:
    for _ in range(3):
        guess("ada")
    assert guess("ada", PASSWORD) == 303
    assert [guess("ada") for _ in range(4)] == [422] * 4


@pytest.mark.parametrize("name", ["ada", "nobody", "off"])
def test_t25_every_name_costs_one_hash(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    new_user("off", password=PASSWORD, is_active=False)
    done = counted(monkeypatch)
    guess(name)
    assert len(done) == 1


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the hash computations from now on: what takes the time of an answer."""
    done: list[str] = []

    def noted(name: str) -> Callable[..., object]:
        real = getattr(QuickArgon2, name)

        def run(*args: object) -> object:
            done.append(name)
            return real(*args)

        return run

    for name in ("encode", "verify"):
        monkeypatch.setattr(QuickArgon2, name, noted(name))
    return done
