"""Refusals shown where they belong: at the fields of the form that was sent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from web.errors import SlipwayError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.forms import BaseForm


@contextmanager
def refusals_on(form: BaseForm) -> Iterator[None]:
    """Put a SlipwayError below 500 raised inside onto `form`; ask `form.is_valid()` afterwards.

    Errors whose pointer names a field go to that field, all else to the form as a whole.
    """
    try:
        yield
    except SlipwayError as error:
        if error.status >= 500:
            raise
        tell(form, error)


def tell(form: BaseForm, error: SlipwayError) -> None:
    """Add an error to the form: at its fields where it names them, else at the top."""
    placed = False
    for one in error.fields.get("errors", []):
        name = one["pointer"].strip("/").split("/")[0]
        form.add_error(name if name in form.fields else None, one["detail"])
        placed = True
    if not placed:
        form.add_error(None, " ".join(filter(None, [error.detail, error.next])))
