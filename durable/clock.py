"""Time by the database's clock: the one clock that several workers share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import DateTimeField, Func

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler, _AsSqlType


class DbNow(Func):
    """The time at which the database executes the statement, `plus_seconds` later (or earlier when negative).

    Unlike CURRENT_TIMESTAMP it moves on within a transaction and knows milliseconds.
    """

    output_field = DateTimeField()

    def __init__(self, plus_seconds: float = 0) -> None:
        super().__init__()
        self.plus_seconds = float(plus_seconds)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any) -> _AsSqlType:
        # The trailing zeros make the text compare rightly with the six-digit fractions that Django writes.
        return "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', %s)", (f"{self.plus_seconds:+.3f} seconds",)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any) -> _AsSqlType:
        return "(clock_timestamp() + %s * interval '1 millisecond')", (round(self.plus_seconds * 1000),)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "durable.clock.DbNow", [self.plus_seconds], {}


def database_time() -> datetime:
    """What the database's clock says now, aware, in UTC."""
    on_sqlite = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
    sql = "SELECT clock_timestamp()" if connection.vendor == "postgresql" else on_sqlite
    with connection.cursor() as cursor:
        cursor.execute(sql)
        (value,) = cursor.fetchone()
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)
