"""A POST to an address that somebody gave: checked, pinned, bounded in time, and signed where there is a key."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry, Timeout
from urllib3.exceptions import HTTPError

from web.outbound import AddressRefused, checked_host, resolve

SECONDS = 5.0
MOST_OF_ANSWER = 500
PORTS = {"https": 443, "http": 80}


class NoAnswer(Exception):
    """The receiver does not answer. Its text says where and which kind of failure it was, never more of the URL: in a
    chat's webhook the path is the password."""


@dataclass(frozen=True)
class Answer:
    """What the receiver said."""

    status: int
    text: str

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Hook:
    """The parts of a receiver's address."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def shown(self) -> str:
        """What may be shown of it."""
        return f"{self.host}:{self.port}" if self.port not in PORTS.values() else self.host


def read_hook(url: str, *, allow_private: bool) -> Hook:
    """The parts of a webhook's URL. Raises AddressRefused for anything but a plain https URL; http is for private
    addresses that an admin allowed."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AddressRefused("policy", _("the URL cannot be read")) from error
    if not url.isascii() or any(character <= " " or character in '\\"<>^`{|}' for character in url):
        raise AddressRefused("policy", _("the URL holds characters that do not belong in it"))
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise AddressRefused("policy", _("only https addresses are told anything"))
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused("policy", _("the URL holds a user name or a fragment"))
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise AddressRefused("policy", _("the port of the URL cannot be used")) from error
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Hook(parts.scheme, checked_host((parts.hostname or "").lower()), port, path)


def signed(body: bytes, key: str, timestamp: int) -> dict[str, str]:
    """The headers by which a receiver knows that it was us, and when: HMAC-SHA256 of "timestamp.body"."""
    proof = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slipway-Timestamp": str(timestamp), "X-Slipway-Signature": f"sha256={proof}"}


def post(url: str, body: bytes, headers: dict[str, str], *, allow_private: bool, authority: str = "") -> Answer:
    """POST once, without following redirects. `authority` is a PEM certificate that is believed beside the system's.

    Raises AddressRefused and NoAnswer.
    """
    hook = read_hook(url, allow_private=allow_private)
    addresses = resolve(hook.host, hook.port, allow_private=allow_private)
    try:
        # One address that passed the check: a name that is resolved again may have come to mean another.
        with _pool(hook, addresses[0], authority) as pool:
            answer = pool.urlopen(
                "POST",
                hook.path,
                body=body,
                headers={**headers, "Host": hook.shown},
                redirect=False,
                retries=Retry(total=False, redirect=0, raise_on_redirect=False),
                preload_content=False,
            )
            said = answer.read(MOST_OF_ANSWER, decode_content=False).decode("utf-8", "replace")
            answer.release_conn()
    except (HTTPError, OSError) as error:
        raise NoAnswer(
            _("%(host)s does not answer: %(why)s") % {"host": hook.shown, "why": type(error).__name__}
        ) from error
    return Answer(answer.status, " ".join(said.split())[:200])


def trust(authority: str) -> ssl.SSLContext:
    """Certificates and names are checked; `authority` is believed beside the system's."""
    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(cadata=authority)
    return context


def _pool(hook: Hook, address: str, authority: str) -> HTTPConnectionPool:
    timeout = Timeout(connect=SECONDS, read=SECONDS)
    if hook.scheme == "http":
        return HTTPConnectionPool(address, hook.port, timeout=timeout, maxsize=1)
    return HTTPSConnectionPool(
        address,
        hook.port,
        timeout=timeout,
        maxsize=1,
        server_hostname=hook.host,
        assert_hostname=hook.host,
        ssl_context=trust(authority),
    )
