"""A query that is built once, for what is asked for thousands of times a minute.

Django builds a statement anew each time it is asked, which costs several times what the database needs for one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

import orjson
from django.db import connection
from django.db.models import JSONField, Model, QuerySet
from django.db.models.query import get_related_populators

from durable.clock import DbNow

M = TypeVar("M", bound=Model)


class PreparedGet(Generic[M]):
    """`queryset.get(pk=...)`, the joins of `select_related` among it, of a queryset that `build` answers."""

    def __init__(self, build: Callable[[], QuerySet[M]]) -> None:
        self._build = build
        self._plan_for = lru_cache(maxsize=2)(self._plan)

    def __call__(self, pk: Any) -> M:
        """The object. Raises its DoesNotExist."""
        found, _now = self.with_time(pk)
        return found

    def with_time(self, pk: Any) -> tuple[M, datetime]:
        """The object, and what the database's clock said when it was read (`durable.clock.database_time`)."""
        plan: _Plan[M] = self._plan_for(connection.vendor)
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, [*plan.constants, plan.key(pk)])
            row = cursor.fetchone()
        if row is None:
            raise plan.model.DoesNotExist(f"{plan.model.__name__} {pk} is not there")  # type: ignore[attr-defined]
        return plan.made_of(list(row))

    def _plan(self, _vendor: str) -> _Plan[M]:
        """What `django.db.models.query.ModelIterable` works out for each query."""
        queryset = self._build()
        if queryset.query.where:
            raise ValueError("only the key may be asked for")
        field = queryset.model._meta.pk
        compiler = (
            queryset.annotate(now=DbNow()).filter(pk=field.to_python(0)).query.get_compiler(connection=connection)
        )
        sql, params = compiler.as_sql()
        select, info = compiler.select, compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        return _Plan(
            model=queryset.model,
            sql=sql,
            constants=list(params[:-1]),
            key=lambda pk: field.get_db_prep_value(pk, connection),
            columns=slice(first, last),
            names=[column[0].target.attname for column in select[first:last]],
            converters=_quicker(compiler.get_converters([column[0] for column in select])),
            populators=get_related_populators(info, select, connection.alias),  # type: ignore[call-arg]
            now=compiler.annotation_col_map["now"],
        )


def _quicker(converters: dict[int, Any]) -> dict[int, Any]:
    """Django's own converters, but for columns of JSON."""
    return {
        place: ([partial(_json, own)] if isinstance(expression.output_field, JSONField) else own, expression)
        for place, (own, expression) in converters.items()
    }


def _json(own: list[Any], value: Any, expression: Any, connection: Any) -> Any:
    """What the field would make of it. It is asked for what only it can read, such as NaN."""
    try:
        return None if value is None else orjson.loads(value)
    except orjson.JSONDecodeError:
        for convert in own:
            value = convert(value, expression, connection)
        return value


@dataclass(frozen=True)
class _Plan(Generic[M]):
    model: type[M]
    sql: str
    constants: list[Any]
    key: Callable[[Any], Any]
    columns: slice
    names: list[str]
    converters: dict[int, Any]
    populators: Any
    now: int

    def made_of(self, row: list[Any]) -> tuple[M, datetime]:
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                row[place] = convert(row[place], expression, connection)
        made = self.model.from_db(connection.alias, self.names, row[self.columns])
        for populator in self.populators:
            populator.populate(row, made)
        return made, row[self.now].astimezone(UTC)
