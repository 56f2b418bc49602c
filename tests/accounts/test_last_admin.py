"""Of the admins who can sign in one is left, whoever loses the right at the same time."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from accounts.commands.users import edit_user
from accounts.errors import LastAdmin
from accounts.models import Identity, IdentityProvider, User
from accounts.oidc.rules import stays_admin
from tests.factories.accounts import new_user

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery"


def test_whether_the_last_one_would_stay_is_asked_outside_of_a_transaction_as_well() -> None:
    """As the test of a provider does, which changes nothing."""
    acme = IdentityProvider.objects.create(name="acme", title="Acme", issuer="https://id.example.com", client_id="us")
    alice = new_user("alice", is_admin=True)
    identity = Identity.objects.create(provider=acme, user=alice, subject="1", gives_admin=True)
    assert stays_admin(identity)

    new_user("ada", password=PASSWORD, is_admin=True)
    assert not stays_admin(identity)


def test_of_two_who_are_switched_off_at_once_one_stays() -> None:
    people = [new_user(name, password=PASSWORD, is_admin=True) for name in ("ada", "bob")]
    both_are_there = threading.Barrier(2)
    refused: list[str] = []

    def switch_off(pk: object) -> None:
        try:
            user = User.objects.get(pk=pk)
            both_are_there.wait(10)
            edit_user(user, user, is_active=False)
        except LastAdmin:
            refused.append(user.username)
        finally:
            connection.close()

    threads = [threading.Thread(target=switch_off, args=[one.pk]) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(refused) == 1
    assert User.objects.get(is_active=True).username in refused
