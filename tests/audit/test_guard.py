"""The database itself refuses to change the log, whoever asks."""

from __future__ import annotations

from uuid import uuid4

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


def run(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values or None)


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


@pytest.mark.parametrize("moment", ["BEFORE UPDATE OF seal", "BEFORE INSERT", "AFTER UPDATE"])
def test_a_guard_that_speaks_at_another_moment_is_told_and_replaced(entries: None, moment: str) -> None:
    """All triggers have their names, and do what they should."""
    if connection.vendor == "postgresql":
        run("DROP TRIGGER audit_entry_update ON audit_entry")
        work = "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()"
    else:
        run("DROP TRIGGER audit_entry_update")
        work = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    run(f"CREATE TRIGGER audit_entry_update {moment} ON audit_entry {work}")
    assert not chain.verify().guarded
    call_command("migrate", verbosity=0)
    assert chain.verify().guarded
    with pytest.raises(DatabaseError, match="append-only"):
        run("UPDATE audit_entry SET actor = 'mallory' WHERE number = 2")


@pytest.mark.parametrize("column", guard.COLUMNS)
def test_no_column_of_an_entry_that_is_not_sealed_yet_can_be_changed(entries: None, column: str) -> None:
    entry = Entry.objects.get(number=None)
    other = 7 if column in {"id", "seal"} else str(uuid4()) if column == "actor_id" else '"other"'
    if column == "at":
        other = "2020-01-01 00:00:00+00:00"
    with pytest.raises(DatabaseError, match="append-only"):
        run(f'UPDATE audit_entry SET "{column}" = %s WHERE id = %s', other, entry.pk)  # noqa: S608 - a name of ours


def test_it_covers_every_column_but_the_place_in_the_chain() -> None:
    with connection.cursor() as cursor:
        there = {column.name for column in connection.introspection.get_table_description(cursor, guard.TABLE)}
    assert there - set(guard.COLUMNS) == {"number", "prev_hash", "hash"}


def test_a_column_that_came_later_is_told_and_guarded_by_the_migration(
    entries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard of an older version, which knew nothing of `address`."""
    with monkeypatch.context() as older:
        older.setattr(guard, "COLUMNS", tuple(name for name in guard.COLUMNS if name != "address"))
        guard.take_down()
        guard.put_up()
    run("UPDATE audit_entry SET address = '192.0.2.1' WHERE number IS NULL")
    assert not chain.verify().guarded

    call_command("migrate", verbosity=0)

    assert chain.verify().guarded
    with pytest.raises(DatabaseError, match="append-only"):
        run("UPDATE audit_entry SET address = '192.0.2.2' WHERE number IS NULL")
