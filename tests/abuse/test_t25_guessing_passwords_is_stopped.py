"""T25: five wrong passwords lock a name for a caller; no flood of other names opens the lock again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axes.models import AccessAttempt
from django.test import Client

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
    AccessAttempt.objects.bulk_create(
        AccessAttempt(username=f"name-{number}", ip_address="192.0.2.1", failures_since_start=1)
        for number in range(10_000)
    )
    for number in range(20):
        guess(f"other-{number}")
    assert guess("ada", PASSWORD) == 429


def test_t25_the_owner_elsewhere_is_not_locked_out() -> None:
    for _ in range(6):
        guess("ada")
    assert guess("ada", PASSWORD, address="198.51.100.7") == 303


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
