"""Refusals at the command line: one sentence on stderr instead of a traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from web.errors import SlipwayError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def told() -> Iterator[None]:
    """Turn a SlipwayError into CommandError with its detail, its errors and what to do next."""
    try:
        yield
    except SlipwayError as error:
        details = [error.detail, *(one["detail"] for one in error.fields.get("errors", [])), error.next]
        raise CommandError("\n".join(dict.fromkeys(filter(None, details)))) from error
