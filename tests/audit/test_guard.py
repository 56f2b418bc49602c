"""The database itself refuses to change the log, whoever asks."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from audit import chain, guard
from audit.models import Checkpoint, Entry
from audit.record import audit
from audit.tasks import seal
from tests.factories.accounts import new_team

pytestmark = pytest.mark.django_db
COLUMNS = "at, actor, token_name, action, object_type, object_id, object_name, team, request_id, data, prev_hash, hash"
VALUES = "'2026-11-25 00:00:00+00:00', 'ada', '', 'x', 't', '1', 'n', '', '', '{}', '', ''"


@pytest.fixture
def entries() -> None:
    """Three in the chain and one that is not sealed yet."""
    team = new_team()
    for number in range(3):
        audit(None, "team.edit", team, after={"number": number})
    seal()
    audit(None, "team.edit", team, after={"number": 3})


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE number = 3",
        "DELETE FROM audit_entry WHERE number IS NULL",
        "UPDATE audit_entry SET actor = 'mallory' WHERE number = 2",
        "UPDATE audit_entry SET actor = 'mallory' WHERE number IS NULL",
        "UPDATE audit_entry SET number = NULL, hash = '', prev_hash = '' WHERE number = 3",
        "UPDATE audit_entry SET number = 4, address = '192.0.2.1' WHERE number IS NULL",
        f"INSERT INTO audit_entry ({COLUMNS}, number) VALUES ({VALUES}, 9)",  # noqa: S608 - names from above
    ],
)
def test_raw_sql_is_refused(entries: None, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql)
    assert Entry.objects.count() == 4
    assert chain.verify() == chain.Verdict(valid=True, broken_at=None, checked=3, unsealed=1)


def test_a_replacement_is_refused_as_well(entries: None) -> None:
    """SQLite asks no trigger for DELETE then; what empties a table in one go on PostgreSQL asks none for rows."""
    first = Entry.objects.earliest("id").pk
    if connection.vendor == "sqlite":
        sql = f"INSERT OR REPLACE INTO audit_entry (id, {COLUMNS}) VALUES ({first}, {VALUES})"  # noqa: S608
    else:
        sql = "TRUNCATE audit_entry"
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql)


def test_a_checkpoint_lets_go_of_what_lies_before_it_and_of_nothing_else(entries: None) -> None:
    place = Entry.objects.get(number=2)
    Checkpoint.objects.create(number=2, hash=place.hash, count=2, proof=chain.proven(2, place.hash))
    with pytest.raises(DatabaseError, match="append-only"):
        run("DELETE FROM audit_entry WHERE number = 3")
    run("DELETE FROM audit_entry WHERE number <= 2")
    assert chain.verify() == chain.Verdict(valid=True, broken_at=None, checked=1, unsealed=1, since=3)


def test_a_checkpoint_that_somebody_made_up_is_found(entries: None) -> None:
    """Who can only write to the database has no key to prove that Slipway itself removed the beginning."""
    place = Entry.objects.get(number=2)
    made_up = Checkpoint.objects.create(number=2, hash=place.hash, count=2, proof=chain.proven(1, place.hash))
    run("DELETE FROM audit_entry WHERE number <= 2")
    assert chain.verify().broken_at == 2
    Checkpoint.objects.filter(pk=made_up.pk).delete()
    assert chain.verify().broken_at == 1


def test_a_guard_that_was_taken_away_is_told_and_put_up_by_a_migration(entries: None) -> None:
    guard.take_down()
    assert not chain.verify().guarded
    call_command("migrate", verbosity=0)
    assert chain.verify().guarded
    with pytest.raises(DatabaseError, match="append-only"):
        run("DELETE FROM audit_entry")
