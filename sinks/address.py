"""The address of a sink: `udp://`, `tcp://`, `tls://host:port`, or an URL of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from sinks.models import AuditSink
from web.outbound import AddressRefused, checked_host
from web.posting import read_hook

PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
# What others on the way could read goes to private addresses alone.
PLAIN = ("udp", "tcp", "http")


@dataclass(frozen=True)
class Place:
    """The parts of an address; `shown` is what may be shown of it."""

    kind: AuditSink.Kind
    host: str
    port: int
    shown: str


def read_address(address: str, *, allow_private: bool) -> Place:
    """The parts of what was typed. Raises AddressRefused."""
    scheme = address.partition("://")[0]
    if scheme in {"http", "https"}:
        hook = read_hook(address, allow_private=allow_private)
        return Place(AuditSink.Kind(hook.scheme), hook.host, hook.port, hook.shown)
    if scheme not in PORTS:
        raise AddressRefused("policy", _("the address has to begin with udp://, tcp://, tls:// or https://"))
    if scheme in PLAIN and not allow_private:
        raise AddressRefused(
            "policy",
            _("what is sent over %(scheme)s can be read on the way") % {"scheme": scheme.upper()},
            _("Use tls:// or https://, or allow private addresses for a receiver in your own network."),
        )
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS[scheme]
    except ValueError as error:
        raise AddressRefused("policy", _("the port cannot be used")) from error
    if "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise AddressRefused("policy", _("the address of a syslog server is its host and port alone"))
    host = checked_host((parts.hostname or "").lower())
    return Place(AuditSink.Kind(scheme), host, port, f"{host}:{port}")
