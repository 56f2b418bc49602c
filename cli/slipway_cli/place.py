"""Which portal is meant, and with whose token: options and environment first, then the file of `slipway login`."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from slipway_cli import hosts, identity
from slipway_cli.errors import NotSignedIn, Trouble

URL, TOKEN, INSECURE, CA_FILE = "SLIPWAY_URL", "SLIPWAY_TOKEN", "SLIPWAY_INSECURE_HTTP", "SLIPWAY_CA_FILE"


@dataclass(frozen=True)
class Place:
    """A portal as its address, without a slash at the end."""

    url: str

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent never leaves this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")


class Token:
    """A token that was given: by the environment, or by a sign-in on this machine."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self.source = source

    def text(self, _place: Place) -> str:
        """What goes into the Authorization header."""
        return self._text

    def renewed(self) -> bool:
        """Whether there is another one to try, now that the portal refuses this one."""
        return False


class Exchanged(Token):
    """A token that the portal gave for the identity of this CI job. It lasts minutes, and is asked for again."""

    def __init__(self, issuer: identity.Issuer) -> None:
        super().__init__("", f"the identity of this {issuer.name} job")
        self._issuer = issuer

    def text(self, place: Place) -> str:
        """Asks the portal at first use, so that a command that fails before costs no token."""
        if not self._text:
            self._text = identity.exchanged(place.url, self._issuer)
        return self._text

    def renewed(self) -> bool:
        """Drop it: the next use asks for another."""
        had, self._text = bool(self._text), ""
        return had


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_url(text: str, *, insecure_http: bool = False) -> Place:
    """The address of a portal as people write it. Raises Trouble for one that no token should be sent to."""
    parts = urlsplit(text.strip() if "://" in text else f"https://{text.strip()}")
    try:
        port = parts.port
    except ValueError as error:
        raise Trouble(f"{text!r} is no address of a portal", str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Trouble(
            f"{text!r} is no address of a portal", next="write it as https://slipway.example, without user or query"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/").removesuffix("/api/v1").rstrip("/")
    place = Place(f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}")
    allowed = insecure_http or os.environ.get(INSECURE) in ("1", "true")
    if parts.scheme == "http" and not place.is_loopback and not allowed:
        raise Trouble(
            f"{place.url} would send the token unprotected",
            "Plain HTTP is taken for this machine alone.",
            next="use https://, or --insecure-http where the network itself is protected",
        )
    return place


def find_place(url: str = "", *, insecure_http: bool = False) -> Place:
    """The portal of --url, of SLIPWAY_URL, or the one signed in to last. Raises Trouble where none is named."""
    wanted = url or os.environ.get(URL, "") or hosts.kept()["default"]
    if not wanted:
        raise Trouble("No portal is named", next="set SLIPWAY_URL, give --url, or sign in: slipway login --url URL")
    return read_url(wanted, insecure_http=insecure_http)


def find_token(place: Place) -> Token:
    """SLIPWAY_TOKEN, what `slipway login` kept for this very portal, or the identity of the CI job.

    Raises NotSignedIn where there is none. A token that was kept for one portal is sent to no other.
    """
    if given := os.environ.get(TOKEN, "").strip():
        if not (given.isascii() and given.isprintable()):
            raise NotSignedIn("SLIPWAY_TOKEN is no token", "It holds characters that no token has.")
        return Token(given, TOKEN)
    if host := hosts.kept()["hosts"].get(place.url):
        return Token(str(host.get("token", "")), str(hosts.file()))
    if issuer := identity.issuer_here():
        return Exchanged(issuer)
    raise NotSignedIn(
        f"Nobody is signed in to {place.url}", next=f"slipway login --url {place.url}, or set SLIPWAY_TOKEN"
    )
