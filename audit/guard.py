"""The database's own refusal to change the log: triggers, on SQLite and PostgreSQL alike.

1. An entry arrives unsealed, is given its place in the chain once, and nothing else of it ever changes.
2. It goes only when a checkpoint stands at its number or above: the way of `audit.retention`.
3. Whoever owns the database can take the triggers away. Then the chain still shows what was done, and `verify` says
   that they are gone. After each migration they are put up again: SQLite drops them with a table that it rebuilds.
4. One that says something else than this module does is no guard: it was changed, or the log has a column since then
   that it does not know. It is told, and replaced after a migration, in the same way.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from audit.models import Checkpoint, Entry

TABLE, CHECKPOINTS = Entry._meta.db_table, Checkpoint._meta.db_table
REFUSAL = "the audit log is append-only"
NAMES = ("audit_entry_insert", "audit_entry_update", "audit_entry_delete")
# What PostgreSQL keeps of when a trigger speaks (pg_trigger.tgtype): before the row, or the statement, of that kind.
_MOMENTS = {NAMES[0]: 7, NAMES[1]: 19, NAMES[2]: 11, "audit_entry_truncate": 34}
_PLACE = ("number", "prev_hash", "hash")
# What never changes of an entry.
COLUMNS = tuple(field.column for field in Entry._meta.concrete_fields if field.column not in _PLACE)
_FUNCTION = "audit_entry_refuse"


def is_up(using: str = "default") -> bool:
    """Whether all triggers are there, and say what they should."""
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(
                "SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
                " JOIN unnest(%s::text[], %s::int[]) AS wanted (name, moment) ON name = tgname AND moment = tgtype"
                " WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A')"
                " AND tgattr::text = '' AND tgqual IS NULL AND proname = %s AND prosrc = %s",
                [list(_MOMENTS), list(_MOMENTS.values()), TABLE, _FUNCTION, _body()],
            )
            return bool(cursor.fetchone()[0] == len(_MOMENTS))
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        return {sql for (sql,) in cursor.fetchall()} >= set(_sqlite())


def put_up(using: str = "default", **_of_signal: Any) -> None:
    """Make the triggers unless they are there and say what they should. Connected to `post_migrate`."""
    there = connections[using].introspection.table_names()
    if not {TABLE, CHECKPOINTS} <= set(there) or is_up(using):
        return
    take_down(using)
    with connections[using].cursor() as cursor:
        for statement in _postgresql() if connections[using].vendor == "postgresql" else _sqlite():
            cursor.execute(statement)


def take_down(using: str = "default") -> None:
    """Remove them: what tests do that empty the tables."""
    on = f" ON {TABLE}" if connections[using].vendor == "postgresql" else ""
    with connections[using].cursor() as cursor:
        for name in _MOMENTS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def _changed(differs: str) -> str:
    """The condition that an UPDATE changes more than the place of an entry that has none yet."""
    return " OR ".join(["OLD.number IS NOT NULL", *(f'NEW."{name}" {differs} OLD."{name}"' for name in COLUMNS)])


def _sqlite() -> list[str]:
    """REPLACE deletes without asking a trigger for DELETE, so that its INSERT has to be refused."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    # Before an INSERT that leaves the id to SQLite, NEW.id is -1.
    taken = f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"  # noqa: S608 - names of our own
    vouched = f"EXISTS (SELECT 1 FROM {CHECKPOINTS} WHERE number >= OLD.number)"  # noqa: S608
    return [
        f"CREATE TRIGGER {NAMES[0]} BEFORE INSERT ON {TABLE} WHEN NEW.number IS NOT NULL OR {taken} {refuse}",
        f"CREATE TRIGGER {NAMES[1]} BEFORE UPDATE ON {TABLE} WHEN {_changed('IS NOT')} {refuse}",
        f"CREATE TRIGGER {NAMES[2]} BEFORE DELETE ON {TABLE} WHEN OLD.number IS NULL OR NOT {vouched} {refuse}",
    ]


def _body() -> str:
    """What the function does that PostgreSQL's triggers call."""
    vouched = f"EXISTS (SELECT 1 FROM {CHECKPOINTS} WHERE number >= OLD.number)"  # noqa: S608 - names of our own
    return f"""
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF OLD.number IS NOT NULL AND {vouched} THEN RETURN OLD; END IF;
            ELSIF TG_OP = 'INSERT' THEN
                IF NEW.number IS NULL THEN RETURN NEW; END IF;
            ELSIF TG_OP = 'UPDATE' THEN
                IF NOT ({_changed("IS DISTINCT FROM")}) THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
        END """


def _postgresql() -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${_body()}$$",
        *(
            f"CREATE TRIGGER {name} BEFORE {name.rpartition('_')[2].upper()} ON {TABLE}"
            f" FOR EACH ROW EXECUTE FUNCTION {_FUNCTION}()"
            for name in NAMES
        ),
        f"CREATE TRIGGER audit_entry_truncate BEFORE TRUNCATE ON {TABLE}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()",
    ]
