"""What a statement that is written by hand needs to mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from uuid import UUID

from django.db import connection


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
