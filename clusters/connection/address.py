"""Where Slipway may connect to: decided after name resolution, on the very addresses that are then used.

Checking a name and letting the library resolve it again would be open to DNS rebinding, so a connection is pinned to
the addresses that passed here. Link-local and metadata addresses are never allowed; loopback and private ranges only
for a cluster that an admin marked so.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from clusters.errors import ClusterUnreachable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST_NAME = re.compile(
    r"\A(?=.{1,253}\Z)[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9])?)*\.?\Z"
)
_NUMBER = re.compile(r"\A(?:0x[0-9a-f]*|[0-9]+)\Z")
_PATH = re.compile(r"\A(?:/[A-Za-z0-9._~:@-]+)*/?\Z")

# Metadata and machine-control services of clouds that live outside the link-local range.
_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

# getaddrinfo takes no time-out; a few threads of its own keep a dead name server from holding up a caller.
_resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


@dataclass(frozen=True)
class ApiAddress:
    """An API server's URL in its parts. `base_path` is "" or "/something" without a slash at its end."""

    host: str
    port: int
    base_path: str

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}{self.base_path}"


def parse_api_url(text: str, *, cluster: str) -> ApiAddress:
    """The parts of an API server URL. Raises ClusterUnreachable (step policy) for anything but a plain https URL."""
    if not text.isascii() or any(character <= " " or character in '\\"<>^`{|}%\x7f' for character in text):
        raise _refused(cluster, _("the URL holds characters that do not belong in it"), _use_plain_url())
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _refused(cluster, _("the URL cannot be read: %(why)s") % {"why": error}, _use_plain_url()) from error
    if parts.scheme != "https":
        raise _refused(
            cluster,
            _("the URL begins with “%(scheme)s:”, only https is allowed") % {"scheme": parts.scheme or text[:20]},
            _("Give the https address of the API server; credentials never travel unencrypted."),
        )
    if "@" in parts.netloc:
        raise _refused(
            cluster,
            _("the URL holds a user name or password"),
            _("Leave them out and give a token or client certificate."),
        )
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise _refused(cluster, _("the URL has a query or fragment"), _use_plain_url())
    if port == 0 or not _PATH.match(parts.path) or "/../" in f"{parts.path}/" or "/./" in f"{parts.path}/":
        raise _refused(cluster, _("the port or the path of the URL cannot be used"), _use_plain_url())
    return ApiAddress(_checked_host(parts.hostname or "", cluster), port or 443, parts.path.rstrip("/"))


def resolve(
    host: str, port: int, *, cluster: str, allow_private: bool, timeout_seconds: float = 3.0
) -> tuple[str, ...]:
    """All addresses of the host, each checked against the policy, in the resolver's order.

    Raises ClusterUnreachable with step dns (no address) or policy (any address is not allowed: a name with one good and
    one bad address is a trick or a mistake, and either way refused).
    """
    found = _look_up(host, port, cluster, timeout_seconds)
    for address in found:
        refuse_forbidden(address, host=host, cluster=cluster, allow_private=allow_private)
    return tuple(dict.fromkeys(str(address) for address in found))


def refuse_forbidden(address: IpAddress, *, host: str, cluster: str, allow_private: bool) -> None:
    """Raises ClusterUnreachable (step policy) when the address must not be connected to."""
    shown = str(address) if str(address) == host else f"{host} ({address})"
    inner = _embedded(address)
    if inner is not None:
        refuse_forbidden(inner, host=host, cluster=cluster, allow_private=allow_private)
    if address in _METADATA or address.is_link_local:
        raise _refused(
            cluster,
            _("%(address)s is a link-local or metadata address, which is never allowed") % {"address": shown},
            _("Give the address of the API server itself."),
        )
    if address.is_multicast or address.is_unspecified or (address.version == 4 and address.is_reserved):
        raise _refused(cluster, _("%(address)s is not the address of a machine") % {"address": shown}, _use_plain_url())
    if not address.is_global and inner is None and not allow_private:
        raise _refused(
            cluster,
            _("%(address)s is a private or loopback address") % {"address": shown},
            _("If the API server really is there, an admin has to allow private addresses for this cluster."),
        )


def _checked_host(host: str, cluster: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if ":" in host or not _HOST_NAME.match(host):
        raise _refused(cluster, _("“%(host)s” is not a host name") % {"host": host[:100]}, _use_plain_url())
    # Resolvers read 2130706433, 0x7f.1 or 127.1 as IPv4; people do not: such spellings only serve to hide an address.
    if _NUMBER.match(host.rstrip(".").rsplit(".", 1)[-1]):
        raise _refused(
            cluster,
            _("“%(host)s” is an IP address in an unusual spelling") % {"host": host[:100]},
            _("Write it as four decimal numbers, for example 192.0.2.10."),
        )
    return host


def _look_up(host: str, port: int, cluster: str, timeout_seconds: float) -> list[IpAddress]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        rows = _resolvers.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(timeout_seconds)
    except FutureTimeout as error:
        raise _not_resolved(cluster, host, _("the name server did not answer in time")) from error
    except (socket.gaierror, UnicodeError) as error:
        why = error.strerror if isinstance(error, socket.gaierror) and error.strerror else str(error)
        raise _not_resolved(cluster, host, why) from error
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


def _embedded(address: IpAddress) -> IpAddress | None:
    """The IPv4 address that an IPv6 address only wraps (mapped, 6to4, NAT64), where the packets would really go."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _refused(cluster: str, detail: str, next_step: str) -> ClusterUnreachable:
    return ClusterUnreachable(cluster, detail, step="policy", next=next_step)


def _not_resolved(cluster: str, host: str, why: str) -> ClusterUnreachable:
    return ClusterUnreachable(
        cluster,
        _("the name %(host)s cannot be resolved: %(why)s") % {"host": host, "why": why},
        step="dns",
        next=_("Check the spelling, and that this machine's name server knows the name."),
    )


def _use_plain_url() -> str:
    return _("Write it as https://host:port, as `kubectl cluster-info` shows it.")
