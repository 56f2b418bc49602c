"""Problem documents from the raw ASGI applications that stand before Django."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

import orjson

from web import problems, request_id
from web.errors import SlipwayError

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def id_of(scope: Scope) -> str:
    """The request id that a call brought along, or a new one."""
    offered = next((value for name, value in scope["headers"] if name.lower() == b"x-request-id"), b"")
    return request_id.accepted(offered.decode("latin-1")) or str(uuid4())


async def refuse(scope: Scope, send: Send, error: SlipwayError, *, closes: bool = False) -> None:
    """Answer an error in the form that all of the API has. `closes`: nothing more is read from this connection."""
    own_id = id_of(scope)
    document = {**problems.document(error, scope["path"]), "request_id": own_id}
    headers = [
        (b"content-type", problems.CONTENT_TYPE.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", own_id.encode()),
        *((name.lower().encode(), value.encode()) for name, value in problems.headers(error, error).items()),
        *([(b"connection", b"close")] if closes else []),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else orjson.dumps(document)
    await send({"type": "http.response.body", "body": body})
