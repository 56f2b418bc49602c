"""Bodies are measured and timed while they arrive, before anything of them is stored or anybody is looked up."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BYTES = 1024 * 1024
BODY_SECONDS = 20.0

_REASONS = {
    413: ("too_large", _("The body is too large"), _("A body may have at most 1 MiB.")),
    408: ("too_slow", _("The body came too slowly"), _("A body must arrive within 20 seconds.")),
}


class BodyLimit:
    """Wraps an ASGI application: 413 past 1 MiB (announced or sent), 408 for a body that takes longer than 20 s."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:20]) > MAX_BYTES:
            await _refuse(scope, send, 413)
            return
        body = _Body(receive)
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        await self.app(scope, body.receive, noted)
        if body.refused and not has_begun:
            await _refuse(scope, send, body.refused)


class _Body:
    """Counts what arrives of one body. Past a limit the application is told that the caller left, so that it stops."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.left_bytes = MAX_BYTES
        self.has_ended = False
        self.deadline = 0.0
        self.refused = 0

    async def receive(self) -> Message:
        if self.has_ended:
            return await self._receive()
        self.deadline = self.deadline or asyncio.get_running_loop().time() + BODY_SECONDS
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


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    code, title, detail = _REASONS[status]
    problem = {
        "type": f"urn:slipway:problem:{code}",
        "title": str(title),
        "status": status,
        "detail": str(detail),
        "instance": scope["path"],
        "request_id": "",
    }
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})
