"""Bodies are measured and timed while they arrive, before anything of them is stored or anybody is looked up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from web.errors import SlipwayError, TooLarge
from web.raw_answers import refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

MIB = 1024 * 1024
MAX_BYTES = MIB
BODY_SECONDS = 20.0
# Uploads are archives: 20 MiB of their own, and the form around them.
UPLOADS = dict.fromkeys(("/api/v1/charts/uploads/", "/charts/upload/"), (21 * MIB, 120.0))


class TooSlow(SlipwayError):
    """A body did not arrive in time."""

    code = "too_slow"
    status = 408
    title = gettext_lazy("The body came too slowly")


class BodyLimit:
    """Wraps an ASGI application: 413 past 1 MiB (announced or sent), 408 for a body that takes longer than 20 s.

    Where archives are uploaded, a caller with a credential may send more and take longer.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        limit = _limit_of(scope)
        if not announced.isdigit() or int(announced[:20]) > limit[0]:
            await _refuse(scope, send, 413, limit)
            return
        body = _Body(receive, limit)
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        await self.app(scope, body.receive, noted)
        if body.refused and not has_begun:
            await _refuse(scope, send, body.refused, limit)


class _Body:
    """Counts what arrives of one body. Past a limit the application is told that the caller left, so that it stops."""

    def __init__(self, receive: Receive, limit: tuple[int, float]) -> None:
        self._receive = receive
        self.left_bytes, self.seconds = limit
        self.has_ended = False
        self.deadline = 0.0
        self.refused = 0

    async def receive(self) -> Message:
        if self.has_ended:
            return await self._receive()
        self.deadline = self.deadline or asyncio.get_running_loop().time() + self.seconds
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(408)
        self.left_bytes -= len(message.get("body", b""))
        if self.left_bytes < 0:
            return self._refuse(413)
        self.has_ended = not message.get("more_body", False)
        return message

    def _refuse(self, status: int) -> Message:
        self.refused = status
        return {"type": "http.disconnect"}


def _limit_of(scope: Scope) -> tuple[int, float]:
    """Bytes and seconds that a body may have. Who shows nothing to be known by gets no more than the usual."""
    names = {name for name, _value in scope["headers"]}
    is_known = bool(names & {b"authorization", b"cookie"})
    return UPLOADS.get(scope["path"], (MAX_BYTES, BODY_SECONDS)) if is_known else (MAX_BYTES, BODY_SECONDS)


async def _refuse(scope: Scope, send: Send, status: int, limit: tuple[int, float]) -> None:
    if status == TooLarge.status:
        error: SlipwayError = TooLarge(_("A body may have at most %(size)d MiB.") % {"size": limit[0] // MIB})
    else:
        error = TooSlow(_("A body must arrive within %(seconds)d seconds.") % {"seconds": limit[1]})
    await refuse(scope, send, error, closes=True)
