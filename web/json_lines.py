"""A list as lines of JSON, however long: streamed in portions, so that neither memory nor a transaction grows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

if TYPE_CHECKING:
    from django.db.models import QuerySet

MEDIA_TYPE = "application/x-ndjson"
PORTION = 500


class JsonLines(StreamingHttpResponse):
    """Lines as a file `<name>.jsonl`. Django would collect a plain generator whole before an ASGI server sends it."""

    def __init__(self, name: str, portions: Iterable[bytes]) -> None:
        super().__init__(portions, content_type=MEDIA_TYPE)
        self["Content-Disposition"] = f'attachment; filename="{name}.jsonl"'
        self["Cache-Control"] = "no-store"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        portions = iter(self)

        def following() -> bytes | None:
            return next(portions, None)

        while (portion := await sync_to_async(following)()) is not None:
            yield portion


def lines_of(rows: QuerySet[Any], line: Callable[[Any], bytes]) -> Iterator[bytes]:
    """All rows in the order of their ids, oldest first; each portion is one statement that begins after the last id."""
    rows, last = rows.order_by("pk"), None
    while True:
        portion = list((rows if last is None else rows.filter(pk__gt=last))[:PORTION])
        if portion:
            yield b"".join(line(row) for row in portion)
        if len(portion) < PORTION:
            return
        last = portion[-1].pk
