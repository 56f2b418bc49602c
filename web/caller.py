"""From where the request at hand came, for whoever writes down what was done."""

from __future__ import annotations

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


def current() -> Caller:
    """Who sent the request being answered; an empty one outside of a request."""
    return _current.get()


def begin(request: HttpRequest) -> None:
    """Remember where this request came from."""
    address = client_address(request)
    known = "" if address == UNKNOWN else address[:45]
    _current.set(Caller(known, request.headers.get("User-Agent", "")[:200]))
