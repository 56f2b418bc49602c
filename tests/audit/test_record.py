"""Each write leaves an entry, in the transaction of the write."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Team, Token, User
from audit.models import Entry
from audit.record import audit
from tests.callers import ApiClient
from tests.factories.accounts import new_team
from web.caller import acting_for
from web.errors import Conflict

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


def test_it_names_actor_token_object_request_and_change(api: Api, admin: User) -> None:
    api(admin).post("/teams/", {"name": "payments", "title": "Money"}, headers={"X-Request-Id": "ci-4711"})
    entry = Entry.objects.get()
    assert (entry.actor, entry.actor_id, entry.token_name) == ("ada", admin.pk, "ci")
    assert (entry.action, entry.object_type, entry.object_name) == ("team.create", "team", "payments")
    assert (entry.team, entry.request_id) == ("payments", "ci-4711")
    assert (entry.before, entry.after) == (None, {"name": "payments", "title": "Money"})


def test_it_says_from_where_and_by_which_way(api: Api, web_client: Browser, admin: User) -> None:
    api(admin).post("/teams/", {"name": "one"}, REMOTE_ADDR="192.0.2.7")
    api(admin).post("/teams/", {"name": "two"}, REMOTE_ADDR="2001:db8::1", HTTP_USER_AGENT="slipway-cli/1.0")
    web_client(admin).post("/settings/teams/", {"name": "three"}, REMOTE_ADDR="192.0.2.9")
    audit(None, "team.create", new_team("four"), on_behalf_of="ada")
    found = {entry.object_name: (entry.way, entry.address, entry.on_behalf_of) for entry in Entry.objects.all()}
    assert found["one"] == ("token", "192.0.2.7", "")
    assert found["two"] == ("cli", "2001:db8::1", "")
    assert found["three"] == ("browser", "192.0.2.9", "")
    assert (found["four"][0], found["four"][2]) == ("system", "ada")


def test_it_says_for_whom(api: Api, developer: User, payments: Team) -> None:
    """A CI job that swapped its identity, whatever woke a robot, a person for whom a task goes on."""
    developer.token = Token(name="shop/checkout 4711", way=Token.Way.EXCHANGE)
    audit(developer, "team.edit", payments)
    developer.token = Token(name="laptop", way=Token.Way.DEVICE)
    audit(developer, "team.edit", payments)
    developer.token = None

    def in_a_task() -> None:
        with acting_for("webhook/registry"):
            audit(developer, "release.start", payments)

    # As a task does: in a context of its own, without a request.
    Context().run(in_a_task)
    audit(None, "team.edit", payments)
    found = list(Entry.objects.order_by("id").values_list("on_behalf_of", "way"))
    assert found == [("shop/checkout 4711", "token"), ("", "cli"), ("webhook/registry", "system"), ("", "system")]


def test_an_address_is_believed_of_a_trusted_proxy_alone(api: Api, admin: User, settings: Any) -> None:
    forwarded = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.4"}
    api(admin).post("/teams/", {"name": "one"}, **forwarded)
    settings.TRUST_FORWARDED_FOR = True
    api(admin).post("/teams/", {"name": "two"}, **forwarded)
    assert list(Entry.objects.order_by("id").values_list("address", flat=True)) == ["10.0.0.1", "198.51.100.4"]


def test_without_a_person_slipway_itself_is_the_actor(db: None) -> None:
    audit(None, "team.create", new_team())
    assert (Entry.objects.get().actor, Entry.objects.get().actor_id) == ("slipway", None)


@pytest.mark.django_db(transaction=True)
def test_an_undone_change_leaves_no_entry() -> None:
    with transaction.atomic():
        audit(None, "team.create", new_team())
        transaction.set_rollback(True)
    assert (Team.objects.count(), Entry.objects.count()) == (0, 0)


def test_values_that_sound_secret_are_masked(db: None) -> None:
    audit(None, "x", new_team(), after={"password": "hunter22", "note": "Bearer abc.def", "token_name": "ci"})
    assert Entry.objects.get().after == {"password": "•••", "note": "Bearer •••", "token_name": "ci"}


def test_an_entry_can_be_neither_changed_nor_removed(db: None) -> None:
    audit(None, "team.create", new_team())
    entry = Entry.objects.get()
    entry.actor = "somebody else"
    for attempt in (entry.save, entry.delete, Entry.objects.all().delete, lambda: Entry.objects.update(actor="x")):
        with pytest.raises(Conflict):
            attempt()
    assert Entry.objects.get().actor == "slipway"
