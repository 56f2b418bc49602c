"""From where the request at hand came, for whoever writes down what was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from web.addresses import client_address

if TYPE_CHECKING:
    from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104 - a name for "unknown", nothing is bound to it


@dataclass(frozen=True, slots=True)
class Caller:
    """Its address, "" where there is none, and the program that it says it is."""

    address: str = ""
    agent: str = ""


NOBODY = Caller()
_current: ContextVar[Caller] = ContextVar("caller", default=NOBODY)
_behalf: ContextVar[str] = ContextVar("on_behalf_of", default="")


def current() -> Caller:
    """Who sent the request being answered; an empty one outside of a request."""
    return _current.get()


def begin(request: HttpRequest) -> None:
    """Remember where this request came from."""
    address = client_address(request)
    known = "" if address == UNKNOWN else address[:45]
    _current.set(Caller(known, request.headers.get("User-Agent", "")[:200]))


@contextmanager
def acting_for(name: str) -> Iterator[None]:
    """What is written down within was done on behalf of `name`: of a webhook's source, of the person who asked."""
    before = _behalf.set(name)
    try:
        yield
    finally:
        _behalf.reset(before)


def on_behalf_of() -> str:
    """For whom the work at hand is done, "" when for nobody else than the one who does it."""
    return _behalf.get()
