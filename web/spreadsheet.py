"""A list as CSV, for spreadsheets: streamed, bounded, and with no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from web.templatetags.parts import iso

MOST_ROWS = 10_000
# What Excel, LibreOffice and Google Sheets read as the beginning of a formula, the full-width forms included.
_BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """What csv.writer writes to: hands each line back."""

    def write(self, line: str) -> str:
        return line


def wants_csv(request: HttpRequest) -> bool:
    """Whether `?format=csv` asks for the list as a file."""
    return request.GET.get("format") == "csv"


def csv_answer(name: str, heads: Sequence[str | Promise], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The rows as a file `<name>.csv`: at most MOST_ROWS, and a last line that says so where there are more."""
    response = StreamingHttpResponse(_lines(heads, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def cell(value: object) -> str:
    """A value as text that no spreadsheet evaluates: what begins like a formula gets an apostrophe before it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = iso(value) if isinstance(value, datetime) else "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_BEGIN_FORMULAS) or text.startswith(_BEGIN_FORMULAS) else text


def _lines(heads: Sequence[str | Promise], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow([str(head) for head in heads])
    following = iter(rows)
    for row in islice(following, MOST_ROWS):
        yield writer.writerow([cell(value) for value in row])
    if next(following, None) is not None:
        yield writer.writerow([_("Only the first %(count)d rows are here; filter the list.") % {"count": MOST_ROWS}])
