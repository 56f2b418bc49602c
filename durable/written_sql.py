"""What a statement that is written by hand needs to mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Model
from psycopg.types.json import Jsonb


def sql_now(vendor: str, plus_seconds: float) -> str:
    """The same moment as `durable.clock.DbNow(plus_seconds)`, for a statement with named parameters."""
    if vendor == "postgresql":
        return f"(clock_timestamp() + {plus_seconds:.3f} * interval '1 second')"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', '{plus_seconds:+.3f} seconds')"


def as_stored(key: UUID) -> UUID | str:
    """A UUID as the database keeps it, for a parameter."""
    return key if connection.features.has_native_uuid_field else key.hex


def from_stored(key: UUID | str) -> UUID:
    """A UUID from what a statement that is written by hand found."""
    return key if isinstance(key, UUID) else UUID(hex=key)


def json_stored(value: Any) -> Any:
    """A value of a JSON column as the database takes it: as the column's field makes it, in a tenth of the time."""
    if value is None:
        return None
    return Jsonb(value, dumps=_dumped) if connection.vendor == "postgresql" else _dumped(value)


def _dumped(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Numbers beyond 64 bits, and halves of surrogate pairs.
        return json.dumps(value)


def listed(name: str, values: Iterable[Any]) -> tuple[str, dict[str, Any]]:
    """Values for an IN of a statement: their named parameters with commas between them, and the values by those."""
    named = {f"{name}_{number}": value for number, value in enumerate(values)}
    return ", ".join(f"%({one})s" for one in named), named


def update(
    model: type[Model],
    changes: Mapping[str, Any],
    where: str,
    where_values: Mapping[str, Any],
    *,
    written: Mapping[str, str] | None = None,
) -> int:
    """Change columns of the rows of `model` that `where` (with named parameters) finds; answers how many these were.

    `changes` are values by the name of their field; `written` are columns whose new value is SQL.
    """
    columns, values = [], dict(where_values)
    for name, value in changes.items():
        field = model._meta.get_field(name)
        values[f"to_{name}"] = field.get_db_prep_save(value, connection)  # type: ignore[union-attr]
        columns.append(f"{field.column} = %(to_{name})s")  # type: ignore[union-attr]
    columns += [f"{name} = {sql}" for name, sql in (written or {}).items()]
    with connection.cursor() as cursor:
        # Names of ours.
        cursor.execute(f"UPDATE {model._meta.db_table} SET {', '.join(columns)} WHERE {where}", values)  # noqa: S608
        return int(cursor.rowcount)
