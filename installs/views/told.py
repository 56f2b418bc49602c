"""How a button's refusal is told: above the page that the button stands on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages

from accounts.decorators import SignedInRequest
from web.errors import NotFound, NotPermitted, SlipwayError


@contextmanager
def told(request: SignedInRequest) -> Iterator[None]:
    """Turn a SlipwayError raised inside into a message; what is not for this person, and faults, pass on."""
    try:
        yield
    except (NotFound, NotPermitted):
        raise
    except SlipwayError as error:
        if error.status >= 500:
            raise
        findings = [finding["detail"] for finding in error.fields.get("errors") or []]
        said = [error.detail, *(each for each in findings if each != error.detail), error.next]
        messages.error(request, " ".join(filter(None, map(str, said))))
