"""One list and one watch over HTTP: bytes of an API server in, raw objects out. Knows nothing of rows."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from clusters.observe.objects import storable

if TYPE_CHECKING:
    from clusters.connection.endpoint import Endpoint
    from clusters.observe.kinds import Kind

PAGE_SIZE = 500
CONNECT_SECONDS = 3.0
LIST_SECONDS = 30.0
PULSE_SECONDS = 3.0
# The server ends a watch after this long; until then it sends a bookmark about once a minute, so that silence for much
# longer than a minute means the connection is dead.
WATCH_SECONDS = (240, 480)
SILENCE_SECONDS = 150.0
LONGEST_LINE = 32 * 1024 * 1024

# Notices a peer that vanished without a word (a firewall that forgot the connection) in about 25 s.
_KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    ),
]


class Expired(Exception):
    """The server no longer knows the resourceVersion (410): list again."""


class Refused(Exception):
    """The server answered with an error status; `status` is its number."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Unreadable(Exception):
    """What came is not what a Kubernetes API server sends."""


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Any]
    resource_version: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a watch. `type` is ADDED, MODIFIED, DELETED, BOOKMARK, or UNREADABLE for what is no JSON object."""

    type: str
    object: Any


class Link:
    """HTTP to one API server, at one of the addresses that were checked, with connections of its own.

    `heard_at` is when the last byte came, on the event loop's clock, 0 before the first.
    """

    def __init__(self, endpoint: Endpoint, address: str) -> None:
        self.endpoint = endpoint
        self.heard_at = 0.0
        pinned = f"[{address}]" if ":" in address else address
        host = endpoint.address.host
        self._extensions = {"sni_hostname": endpoint.server_hostname}
        self._client = httpx.AsyncClient(
            base_url=f"https://{pinned}:{endpoint.address.port}{endpoint.address.base_path}",
            headers={
                **endpoint.headers,
                "Host": f"[{host}]:{endpoint.address.port}" if ":" in host else f"{host}:{endpoint.address.port}",
                "Accept": "application/json",
                "User-Agent": "slipway-watch",
            },
            transport=httpx.AsyncHTTPTransport(
                verify=endpoint.ssl_context,
                trust_env=False,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=15),
                socket_options=_KEEPALIVE,
            ),
            timeout=httpx.Timeout(LIST_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections of this link."""
        await self._client.aclose()

    async def version(self) -> dict[str, Any]:
        """The server's /version, the smallest question that also proves the credentials. Raises as `get`."""
        return await self.get("/version", {}, read_seconds=PULSE_SECONDS)

    async def get(self, path: str, params: dict[str, str], *, read_seconds: float = LIST_SECONDS) -> dict[str, Any]:
        """One object or list. Raises Refused, Expired, Unreadable, httpx.TransportError."""
        timeout = httpx.Timeout(read_seconds, connect=CONNECT_SECONDS)
        async with asyncio.timeout(read_seconds * 2 + CONNECT_SECONDS):
            response = await self._client.get(path, params=params, timeout=timeout, extensions=self._extensions)
        self._heard()
        _check(response.status_code, response.content)
        return _object(response.content)

    async def pages(self, path: str, params: dict[str, str] | None = None) -> AsyncIterator[Page]:
        """A consistent list in pages of PAGE_SIZE. Raises as `get`; Expired when it took the server too long."""
        token = ""
        while True:
            asked = {"limit": str(PAGE_SIZE), **(params or {}), **({"continue": token} if token else {})}
            answer = await self.get(path, asked)
            items, metadata = answer.get("items") or [], answer.get("metadata") or {}
            if not isinstance(items, list) or not isinstance(metadata, dict):
                raise Unreadable("the list has no items")
            token = str(metadata.get("continue") or "")
            yield Page(items, str(metadata.get("resourceVersion") or ""), not token)
            if not token:
                return

    async def watch(self, kind: Kind, resource_version: str) -> AsyncIterator[list[Event]]:
        """What happens after `resource_version`, in bundles as they arrive; ends when the server ends it.

        The first bundle is empty: it says that the watch stands. Raises as `get`.
        """
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),  # noqa: S311 (spreads the reconnects)
        }
        timeout = httpx.Timeout(LIST_SECONDS, connect=CONNECT_SECONDS, read=SILENCE_SECONDS)
        request = self._client.build_request(
            "GET", kind.path, params=params, timeout=timeout, extensions=self._extensions,
            headers={"Accept-Encoding": "identity"},
        )  # fmt: skip
        response = await self._client.send(request, stream=True)
        try:
            if response.status_code != 200:
                _check(response.status_code, await response.aread())
            self._heard()
            yield []
            rest = b""
            async for chunk in response.aiter_raw():
                self._heard()
                *lines, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
                if len(rest) > LONGEST_LINE:
                    raise Unreadable("an object of more than 32 MiB")
                if lines:
                    yield [_event(line) for line in lines if line]
        finally:
            await response.aclose()

    def _heard(self) -> None:
        self.heard_at = asyncio.get_running_loop().time()


def _event(line: bytes) -> Event:
    try:
        found = _object(line)
    except Unreadable:
        return Event("UNREADABLE", None)
    kind, body = found.get("type"), found.get("object")
    if kind == "ERROR":
        status = body if isinstance(body, dict) else {}
        code = status.get("code")
        _raise(code if isinstance(code, int) else 500, str(status.get("message") or "the watch failed"))
    return Event(str(kind), body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"the answer is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Unreadable("the answer is not a JSON object")
    # Looking through every value costs more than reading it, so only where the bytes say there is something to find.
    return storable(found) if b"\\u0000" in body else found


def _check(status: int, body: bytes) -> None:
    if status == 200:
        return
    message = ""
    try:
        found = orjson.loads(body)
        if isinstance(found, dict):
            message = str(found.get("message") or "")
    except orjson.JSONDecodeError:
        pass
    _raise(status, message or f"the server answered with status {status}")


def _raise(status: int, message: str) -> None:
    if status == 410:
        raise Expired
    raise Refused(status, message[:500])
