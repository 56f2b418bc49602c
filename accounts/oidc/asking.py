"""Asking a provider: addresses are checked after resolving and pinned, no redirect followed, time and size limited."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import orjson
from django.utils.translation import gettext as _
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Retry, Timeout
from urllib3.exceptions import HTTPError

from web.outbound import AddressRefused, checked_host, resolve

if TYPE_CHECKING:
    from datetime import datetime

CONNECT_SECONDS, SECONDS = 3.0, 6.0
MOST_BYTES = 1024 * 1024
_PORTS = {"https": 443, "http": 80}


class NotAnswered(Exception):
    """Nothing usable came back; the text says why and holds no secret."""

    def __init__(self, detail: str, next_step: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.next = next_step


@dataclass(frozen=True)
class Answer:
    """What came back, in the shape that authlib reads of a session."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str

    def json(self) -> Any:
        """The body. Raises ValueError for what is no JSON."""
        return orjson.loads(self.body)

    def raise_for_status(self) -> None:
        """Raises NotAnswered for a refusal or a fault."""
        if self.status_code >= 400:
            raise NotAnswered(
                _("%(url)s answered %(status)d") % {"url": shown(self.url), "status": self.status_code},
                _("Look into the provider's log."),
            )

    @property
    def at(self) -> datetime | None:
        """What the clock of the server said."""
        try:
            return parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None


@dataclass(frozen=True)
class Door:
    """The way to one provider. It is authlib's `session`, so that no request leaves by another way."""

    allow_private: bool

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Any status is an answer. Raises NotAnswered."""
        return _ask("GET", url, b"", headers or {}, self.allow_private)

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any, **_more: Any) -> Answer:
        """A form, signed by authlib's `auth`. Any status is an answer. Raises NotAnswered."""
        url, signed, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _ask("POST", url, body.encode() if isinstance(body, str) else body, signed, self.allow_private)


def checked_url(url: str, *, allow_private: bool) -> str:
    """The URL itself. Raises AddressRefused for anything but a plain https one; http is for private addresses that an
    admin allowed."""
    if not url.isascii() or any(sign <= " " or sign in '\\"<>^`{|}\x7f' for sign in url):
        raise AddressRefused("policy", _("the URL holds characters that do not belong in it"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("policy", _("the URL cannot be read")) from error
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise AddressRefused("policy", _("only https addresses are asked"), _("Give one that begins with https://."))
    if "@" in parts.netloc or parts.fragment or port == 0:
        raise AddressRefused("policy", _("the URL holds a user name, a fragment or an impossible port"))
    checked_host((parts.hostname or "").lower())
    return url


def shown(url: str) -> str:
    """Scheme, host, port and path: a query may hold more than people should see."""
    return url.partition("?")[0]


def _ask(method: str, url: str, body: bytes, headers: Mapping[str, str], allow_private: bool) -> Answer:
    deadline = time.monotonic() + SECONDS
    try:
        parts = urlsplit(checked_url(url, allow_private=allow_private))
        host, port = checked_host((parts.hostname or "").lower()), parts.port or _PORTS[parts.scheme]
        addresses = resolve(host, port, allow_private=allow_private)
    except AddressRefused as refusal:
        raise NotAnswered(refusal.detail, refusal.next) from refusal
    sent = {
        "Accept": "application/json",
        **headers,
        "Host": parts.netloc,
        # What is compressed could be far larger than what is counted.
        "Accept-Encoding": "identity",
        "User-Agent": "Slipway",
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        # One address that passed the check: a name that is resolved again may have come to mean another.
        with _pool(parts.scheme, host, port, addresses[0]) as pool:
            response = pool.urlopen(
                method,
                path,
                body=body or None,
                headers=sent,
                redirect=False,
                retries=Retry(total=False, redirect=0, raise_on_redirect=False),
                preload_content=False,
            )
            read = _body(response, deadline, url)
    except (HTTPError, OSError) as error:
        raise NotAnswered(
            _("%(url)s does not answer: %(why)s") % {"url": shown(url), "why": type(error).__name__},
            _("Check the address, and that Slipway can reach it."),
        ) from error
    return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, read, url)


def _body(response: BaseHTTPResponse, deadline: float, url: str) -> bytes:
    body = bytearray()
    while chunk := response.read1(64 * 1024, decode_content=False):
        body += chunk
        if len(body) > MOST_BYTES:
            response.close()
            raise NotAnswered(_("%(url)s answers more than 1 MiB") % {"url": shown(url)})
        if time.monotonic() > deadline:
            response.close()
            raise TimeoutError
    response.release_conn()
    return bytes(body)


def _pool(scheme: str, host: str, port: int, address: str) -> HTTPConnectionPool:
    timeout = Timeout(connect=CONNECT_SECONDS, read=SECONDS - 1)
    if scheme == "http":
        return HTTPConnectionPool(address, port, timeout=timeout, maxsize=1)
    return HTTPSConnectionPool(
        address,
        port,
        timeout=timeout,
        maxsize=1,
        server_hostname=host,
        assert_hostname=host,
        ssl_context=ssl.create_default_context(),
    )
