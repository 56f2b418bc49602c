"""Releases of a list as JSON: each is rendered once for each state of its row.

A page of fifty costs fifty times what one costs to read, to parse and to render, and most of them have not changed
since they were rendered last. So a list reads narrow rows, and reads the rest of those alone that it has not rendered
in this state. Nothing can be stale: A key holds every value that is shown, save for those that change only with
`version` or `edits`, which each write of them raises.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import get_language

from deployments.facts import release_facts
from deployments.models import Release
from deployments.queries.releases import BIG
from web.renderers import encoded

# The id as text, and what is shown of others' rows; a revision keeps its number. All else that is shown of a release
# changes with its version.
COLUMNS = (
    *("key", "version", "edits", "from_revision_id", "to_revision_id", "created_by__username"),
    *("target__service__name", "target__environment__name", "target__cluster__name"),
    *("target__namespace", "target__workload"),
)
MOST_KEPT = 5000


# One row of `COLUMNS`, the origin of its links, the language of its sentence.
Key = tuple[Any, ...]

_kept: OrderedDict[Key, bytes] = OrderedDict()
_lock = Lock()


def narrow(rows: QuerySet[Release], ordered_by: str) -> QuerySet[Release, Any]:
    """The rows with what tells their state apart, and with the column that they are ordered by.

    An id as text costs a tenth of what a UUID does, and a list never looks into it.
    """
    named = rows.annotate(key=Cast("pk", CharField()))
    return named.values_list(*COLUMNS, *({ordered_by} - set(COLUMNS)), named=True)


def listed(rows: Sequence[Any], base: str) -> list[orjson.Fragment]:
    """The rows that `narrow` made as JSON. `base` is the origin that links begin with."""
    about = (base, get_language())
    keys = [row[: len(COLUMNS)] + about for row in rows]
    found = _recalled(keys)
    missing = {UUID(key[0]): key for key in keys if key not in found}
    if missing:
        # A row that was written since the narrow one was read is shown as it is now, and not kept under the old key.
        for release in Release.objects.with_names().defer(*BIG).filter(pk__in=missing):
            key = missing[release.pk]
            found[key] = encoded(release_facts(release, base, alone=False))
            if [release.version, release.edits] == [*key[1:3]]:
                _keep(key, found[key])
    return [orjson.Fragment(found[key]) for key in keys if key in found]


def _recalled(keys: Iterable[Key]) -> dict[Key, bytes]:
    found = {}
    with _lock:
        for key in keys:
            if (text := _kept.get(key)) is not None:
                _kept.move_to_end(key)
                found[key] = text
    return found


def _keep(key: Key, text: bytes) -> None:
    with _lock:
        _kept[key] = text
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)


def forget() -> None:
    """Render all of them anew."""
    with _lock:
        _kept.clear()
