"""One id per request, taken from `X-Request-Id` or made here, found again in logs, audit rows and errors."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar
from typing import TYPE_CHECKING

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from web import caller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.http import HttpRequest, HttpResponse

_current: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTED = re.compile(r"\A[A-Za-z0-9._:/+=@-]{1,128}\Z")


def current() -> str:
    """The id of the request being answered, or "" outside of one."""
    return _current.get()


def carry(request_id: str) -> None:
    """Take over the id of the request that caused this work: what a task does with the id in its message."""
    _current.set(accepted(request_id) or "")


def accepted(offered: str) -> str:
    """The offered id when it is 1 to 128 harmless printable characters, else ""."""
    return offered if _ACCEPTED.match(offered) else ""


class RequestIdMiddleware:
    """Sets the id for the time of a request, with where it came from, and answers the id in `X-Request-Id`."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.is_async:
            return self._answer_async(request)
        request_id = self._begin(request)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id  # type: ignore[index]
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponse:
        request_id = self._begin(request)
        response: HttpResponse = await self.get_response(request)  # type: ignore[misc]
        response["X-Request-Id"] = request_id
        return response

    def _begin(self, request: HttpRequest) -> str:
        request_id = accepted(request.headers.get("X-Request-Id", "")) or str(uuid.uuid4())
        _current.set(request_id)
        caller.begin(request)
        return request_id
