"""Each write leaves an entry, in the transaction of the write."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.models import Team, User
from audit.models import Entry
from audit.record import audit
from tests.callers import ApiClient
from tests.factories.accounts import new_team
from web.errors import Conflict

Api = Callable[..., ApiClient]


def test_it_names_actor_token_object_request_and_change(api: Api, admin: User) -> None:
    api(admin).post("/teams/", {"name": "payments", "title": "Money"}, headers={"X-Request-Id": "ci-4711"})
    entry = Entry.objects.get()
    assert (entry.actor, entry.actor_id, entry.token_name) == ("ada", admin.pk, "ci")
    assert (entry.action, entry.object_type, entry.object_name) == ("team.create", "team", "payments")
    assert (entry.team, entry.request_id) == ("payments", "ci-4711")
    assert (entry.before, entry.after) == (None, {"name": "payments", "title": "Money"})


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
