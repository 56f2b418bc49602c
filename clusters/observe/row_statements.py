"""The watcher's two statements, written once: it asks for rows and stores them ten times a second for each cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import JSONField

from clusters.models import Observation
from durable.written_sql import as_stored, json_stored

Key = tuple[str, str, str]

_KEY = ("cluster", "kind", "namespace", "name")
_STORED = (
    "uid",
    "resource_version",
    "generation",
    "labels",
    "owner_uid",
    "slim",
    "whole",
    "state",
    "images",
    "seen_at",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a change is compared with."""

    id: int
    uid: str
    resource_version: int
    slim: Any
    state: str
    images: str | None
    is_whole: bool


def rows_of(cluster_id: UUID, keys: Collection[Key]) -> dict[Key, Row]:
    """The rows that are there of these objects (kind, namespace, name)."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_question(len(keys)), [*(part for key in keys for part in key), as_stored(cluster_id)])
        found = cursor.fetchall()
    return {
        (kind, namespace, name): Row(id_, uid, version, orjson.loads(slim), state, images, bool(is_whole))
        for kind, namespace, name, id_, uid, version, slim, state, images, is_whole in found
    }


def _question(count: int) -> str:
    """For so many objects. SQLite keeps to the order of a cross join, and so finds each of them by the unique index."""
    table = Observation._meta.db_table
    # Only the table's name and placeholders.
    return f"""
        WITH wanted (kind, namespace, name) AS (VALUES {", ".join(["(%s, %s, %s)"] * count)})
        SELECT {table}.kind, {table}.namespace, {table}.name, id, uid, resource_version, slim, state, images,
            whole IS NOT NULL
        FROM wanted CROSS JOIN {table}
        WHERE cluster_id = %s AND {table}.kind = wanted.kind AND {table}.namespace = wanted.namespace
            AND {table}.name = wanted.name
    """  # noqa: S608


def put_rows(rows: Iterable[Observation]) -> None:
    """Store these, each over the row of the same object if there is one. Raises what the database and fields raise."""
    fields = [Observation._meta.get_field(name) for name in (*_KEY, *_STORED)]
    values = [[_stored(field, getattr(row, field.attname)) for field in fields] for row in rows]  # type: ignore[union-attr]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(_upsert(), values)


def _stored(field: Any, value: Any) -> Any:
    return json_stored(value) if isinstance(field, JSONField) else field.get_db_prep_save(value, connection)


@lru_cache(maxsize=1)
def _upsert() -> str:
    meta = Observation._meta
    key, stored = ([str(meta.get_field(name).column) for name in names] for names in (_KEY, _STORED))  # type: ignore[union-attr]
    changes = ", ".join(f"{column} = excluded.{column}" for column in stored)
    return f"""
        INSERT INTO {meta.db_table} ({", ".join([*key, *stored])})
        VALUES ({", ".join(["%s"] * (len(key) + len(stored)))})
        ON CONFLICT ({", ".join(key)}) DO UPDATE SET {changes}
    """  # noqa: S608
