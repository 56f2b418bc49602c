"""GET from chart repositories and registries: every address checked after resolving and pinned, every hop anew.

Credentials are bound to the origin they were given for (scheme, host and port): a redirect or an archive's address
that leads elsewhere is followed without them (security.md, T12).
"""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Retry, Timeout
from urllib3.exceptions import HTTPError

from charts.errors import RepositoryUnreachable
from web.outbound import AddressRefused, checked_host, resolve

CONNECT_SECONDS, SECONDS = 5.0, 30.0
MAX_REDIRECTS = 5
_PORTS = {"https": 443, "http": 80}
_CHUNK = 64 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})

Origin = tuple[str, str, int]


@dataclass(frozen=True)
class Address:
    """A URL in its parts, read strictly."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> Origin:
        """Whom credentials belong to."""
        return self.scheme, self.host, self.port

    @property
    def shown(self) -> str:
        """Scheme, host and port, as people are told it: a path may hold a token."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@dataclass(frozen=True)
class Source:
    """Whom to ask, on whose behalf. `authorization` is a whole header and goes to `origin` alone."""

    name: str
    allow_private: bool
    origin: Origin | None = None
    authorization: str = field(default="", repr=False)

    def headers_for(self, address: Address) -> dict[str, str]:
        """The header with the credentials where `address` is the origin they belong to, else none."""
        is_theirs = bool(self.authorization) and self.origin == address.origin
        return {"Authorization": self.authorization} if is_theirs else {}


@dataclass(frozen=True)
class Fetched:
    """A whole answer, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def basic(username: str, password: str) -> str:
    """The Authorization header of a user name and password; "" without either."""
    if not username and not password:
        return ""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode('ascii')}"


def read_address(url: str, *, allow_private: bool) -> Address:
    """The parts of a URL. Raises AddressRefused for anything but a plain https URL; http is for private addresses that
    an admin allowed."""
    if not url.isascii() or any(sign <= " " or sign in '\\"<>^`{|}\x7f' for sign in url):
        raise AddressRefused("policy", _("the URL holds characters that do not belong in it"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("policy", _("the URL cannot be read")) from error
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise AddressRefused(
            "policy", _("only https addresses are asked"), _("Give an address that begins with https://.")
        )
    if "@" in parts.netloc:
        raise AddressRefused(
            "policy", _("the URL holds a user name or password"), _("Give them as username and password instead.")
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, checked_host((parts.hostname or "").lower()), port or _PORTS[parts.scheme], path)


def fetch(source: Source, url: str, *, max_bytes: int, accept: str = "*/*", seconds: float = SECONDS) -> Fetched:
    """GET the URL, following redirects. Any status is an answer.

    Raises RepositoryUnreachable when an address is refused, nothing answers in time or the answer is too large.
    """
    deadline = time.monotonic() + seconds
    was_secure = False
    for _hop in range(MAX_REDIRECTS + 1):
        address = _checked(source, url)
        if was_secure and address.scheme != "https":
            raise RepositoryUnreachable(
                source.name, _("a redirect leads from https to http, which is not followed"), step="policy"
            )
        was_secure = address.scheme == "https"
        answer = _get(source, address, accept, max_bytes, deadline)
        if answer.status not in _MOVED or "location" not in answer.headers:
            return answer
        url = urljoin(f"{address.shown}{address.path}", answer.headers["location"])
    raise RepositoryUnreachable(source.name, _("it redirects again and again"), step="request")


def _checked(source: Source, url: str) -> Address:
    try:
        return read_address(url, allow_private=source.allow_private)
    except AddressRefused as refusal:
        raise _refused(source, refusal) from refusal


def _refused(source: Source, refusal: AddressRefused) -> RepositoryUnreachable:
    return RepositoryUnreachable(source.name, refusal.detail, step=refusal.step, next=refusal.next)


def _get(source: Source, address: Address, accept: str, max_bytes: int, deadline: float) -> Fetched:
    try:
        addresses = resolve(address.host, address.port, allow_private=source.allow_private)
    except AddressRefused as refusal:
        raise _refused(source, refusal) from refusal
    host = address.shown.partition("://")[2]
    headers = {
        "Host": host,
        "Accept": accept,
        # What is compressed could be far larger than what is counted.
        "Accept-Encoding": "identity",
        "User-Agent": "slipway",
        **source.headers_for(address),
    }
    try:
        # One address that passed the check: a name that is resolved again may have come to mean another.
        with _pool(address, addresses[0], deadline) as pool:
            response = pool.urlopen(
                "GET",
                address.path,
                headers=headers,
                redirect=False,
                retries=Retry(total=False, redirect=0, raise_on_redirect=False),
                preload_content=False,
            )
            body = _body(source, response, max_bytes, deadline)
    except (HTTPError, OSError) as error:
        # The library's words may hold the path, which may hold a token.
        raise RepositoryUnreachable(
            source.name,
            _("%(host)s does not answer: %(why)s") % {"host": address.shown, "why": type(error).__name__},
            step="request" if isinstance(error, TimeoutError) else "connect",
            next=_("Check the address, and that Slipway can reach it."),
        ) from error
    return Fetched(response.status, {name.lower(): value for name, value in response.headers.items()}, body)


def _body(source: Source, response: BaseHTTPResponse, max_bytes: int, deadline: float) -> bytes:
    body = bytearray()
    while chunk := response.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > max_bytes:
            response.close()
            raise RepositoryUnreachable(
                source.name,
                _("the answer is larger than %(size)d MiB") % {"size": max_bytes // 1024**2},
                step="read",
            )
        if time.monotonic() > deadline:
            response.close()
            raise TimeoutError
    response.release_conn()
    return bytes(body)


def _pool(address: Address, pinned: str, deadline: float) -> HTTPConnectionPool:
    left = max(0.1, deadline - time.monotonic())
    timeout = Timeout(connect=min(CONNECT_SECONDS, left), read=left)
    if address.scheme == "http":
        return HTTPConnectionPool(pinned, address.port, timeout=timeout, maxsize=1)
    return HTTPSConnectionPool(
        pinned,
        address.port,
        timeout=timeout,
        maxsize=1,
        server_hostname=address.host,
        assert_hostname=address.host,
        ssl_context=ssl.create_default_context(),
    )
