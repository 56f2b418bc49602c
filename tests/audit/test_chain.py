"""The chain of hashes shows any later change or removal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import User
from audit import chain, guard
from audit.models import Entry
from audit.record import audit
from audit.tasks import seal
from durable import lease
from tests.callers import ApiClient
from tests.factories.accounts import new_team

Api = Callable[..., ApiClient]

pytestmark = pytest.mark.django_db


def tamper(sql: str, *values: object) -> None:
    """What somebody does who owns the database: past every guard of the code, and its own."""
    guard.take_down()
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)


@pytest.fixture
def sealed() -> None:
    team = new_team()
    for number in range(5):
        audit(None, "team.edit", team, after={"number": number, "share": 0.5, "deep": {"b": [1, None], "a": "ü"}})
    seal()


def test_entries_are_sealed_once_and_verify(sealed: None) -> None:
    assert list(Entry.objects.order_by("id").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    hashes = set(Entry.objects.values_list("hash", flat=True))
    seal()
    assert set(Entry.objects.values_list("hash", flat=True)) == hashes
    assert chain.verify() == chain.Verdict(valid=True, broken_at=None, checked=5, unsealed=0)


def test_an_empty_log_is_valid() -> None:
    assert chain.verify().valid


def test_new_entries_wait_unsealed_and_break_nothing(sealed: None) -> None:
    audit(None, "team.edit", new_team())
    assert chain.verify() == chain.Verdict(valid=True, broken_at=None, checked=5, unsealed=1)
    seal()
    assert chain.verify().checked == 6


def test_a_row_that_was_committed_late_still_finds_its_place(sealed: None) -> None:
    late = Entry(id=10_000, actor="a", action="x", object_type="t", object_id="1", object_name="n")
    late.save(force_insert=True)
    seal()
    Entry(id=9_000, actor="b", action="x", object_type="t", object_id="1", object_name="n").save(force_insert=True)
    seal()
    assert list(Entry.objects.filter(id__gte=9_000).order_by("number").values_list("id", flat=True)) == [10_000, 9_000]
    assert chain.verify().valid


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("UPDATE audit_entry SET actor = 'mallory' WHERE number = 2", 2),
        ("UPDATE audit_entry SET at = '2020-01-01 00:00:00+00:00' WHERE number = 4", 4),
        ("UPDATE audit_entry SET after = '{\"number\": 9}' WHERE number = 1", 1),
        ("DELETE FROM audit_entry WHERE number = 3", 3),
        ("DELETE FROM audit_entry WHERE number = 1", 1),
        ("DELETE FROM audit_entry WHERE number >= 4", 4),
        ("DELETE FROM audit_entry", 1),
        ("UPDATE audit_entry SET number = NULL, hash = '', prev_hash = '' WHERE number = 5", 5),
    ],
)
def test_tampering_is_found_where_it_begins(sealed: None, change: str, broken_at: int) -> None:
    tamper(change)
    verdict = chain.verify()
    assert (verdict.valid, verdict.broken_at) == (False, broken_at)


def test_only_one_sealer_works_at_a_time(sealed: None) -> None:
    audit(None, "team.edit", new_team())
    epoch = lease.take("audit.seal", "another", 30)
    seal()
    assert Entry.objects.filter(number=None).count() == 1
    lease.give_back("audit.seal", "another", epoch or 0)
    seal()
    assert not Entry.objects.filter(number=None).exists()


def test_more_than_one_batch_is_sealed_in_one_go(monkeypatch: pytest.MonkeyPatch, sealed: None) -> None:
    monkeypatch.setattr(chain, "BATCH", 3)
    team = new_team()
    for _ in range(7):
        audit(None, "team.edit", team)
    seal()
    assert chain.verify() == chain.Verdict(valid=True, broken_at=None, checked=12, unsealed=0)


def test_an_admin_asks_over_rest_and_others_may_not(api: Api, admin: User, maintainer: User, sealed: None) -> None:
    answer = api(admin).get("/audit/verify/")
    assert (answer.json()["valid"], answer.json()["broken_at"]) == (True, None)
    tamper("DELETE FROM audit_entry WHERE number = 3")
    assert api(admin).get("/audit/verify/").json() == {
        "valid": False,
        "broken_at": 3,
        "checked": 3,
        "unsealed": 0,
        "since": 1,
        "guarded": False,
    }
    assert api(maintainer).get("/audit/verify/").status_code == 403


def test_a_chain_made_up_anew_lacks_the_proof_of_its_end(sealed: None) -> None:
    """Hashes alone can be computed by anybody; what proves the end of the chain needs a key outside the database."""
    entry = Entry.objects.get(number=5)
    entry.actor = "mallory"
    forged = chain.link(5, entry.prev_hash, chain.content_of(entry))
    tamper("UPDATE audit_entry SET actor = 'mallory', hash = %s WHERE number = 5", forged)
    tamper("UPDATE audit_chainhead SET hash = %s", forged)
    assert (chain.verify().valid, chain.verify().broken_at) == (False, 5)


def test_the_end_cannot_be_cut_off_together_with_the_head(sealed: None) -> None:
    tamper("DELETE FROM audit_entry WHERE number > 3")
    last = Entry.objects.get(number=3)
    tamper("UPDATE audit_chainhead SET number = 3, hash = %s", last.hash)
    assert chain.verify().broken_at == 3


def test_entries_of_an_older_version_keep_their_hashes(sealed: None) -> None:
    """What was sealed before an entry had an address is checked by the fields of that time."""
    assert "address" not in chain.SEALED_FIELDS[1]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (at, actor, token_name, action, object_type, object_id, object_name, team,"
            " request_id, data, prev_hash, hash) VALUES"
            " ('2026-11-25 00:00:00+00:00', 'ada', '', 'team.edit', 'team', '1', 'x', '', '', '{}', '', '')"
        )
    audit(None, "team.edit", new_team())
    seal()
    assert list(Entry.objects.order_by("number").values_list("seal", flat=True)) == [2, 2, 2, 2, 2, 1, 2]
    assert chain.verify().valid
    tamper("UPDATE audit_entry SET seal = 1 WHERE number = 7")
    assert chain.verify().broken_at == 7


def test_each_new_field_is_sealed(sealed: None) -> None:
    for column in ("address", "on_behalf_of", "way"):
        before = getattr(Entry.objects.get(number=2), column)
        change = f"UPDATE audit_entry SET {column} = %s WHERE number = 2"  # noqa: S608 - a name from above
        tamper(change, "x")
        assert chain.verify().broken_at == 2, column
        tamper(change, before)
    assert chain.verify().valid
