"""Where Slipway may connect to: decided after name resolution, on the very addresses that are then used.

Checking a name and letting the library resolve it again would be open to DNS rebinding, so a connection is pinned to
the addresses that passed here. Link-local and metadata addresses are never allowed; loopback and private ranges only
for what an admin marked so.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from django.utils.translation import gettext as _

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST_NAME = re.compile(
    r"\A(?=.{1,253}\Z)[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9])?)*\.?\Z"
)
_NUMBER = re.compile(r"\A(?:0x[0-9a-f]*|[0-9]+)\Z")

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


class AddressRefused(Exception):
    """An address must not, or cannot, be connected to. `step` is dns (it has no address) or policy."""

    def __init__(self, step: str, detail: str, next_step: str = "") -> None:
        super().__init__(detail)
        self.step = step
        self.detail = detail
        self.next = next_step


def resolve(host: str, port: int, *, allow_private: bool, timeout_seconds: float = 3.0) -> tuple[str, ...]:
    """All addresses of the host, each checked against the policy, in the resolver's order.

    Raises AddressRefused: a name with one good and one bad address is a trick or a mistake, and either way refused.
    """
    found = _look_up(host, port, timeout_seconds)
    for address in found:
        refuse_forbidden(address, host=host, allow_private=allow_private)
    return tuple(dict.fromkeys(str(address) for address in found))


def refuse_forbidden(address: IpAddress, *, host: str, allow_private: bool) -> None:
    """Raises AddressRefused (step policy) when the address must not be connected to."""
    shown = str(address) if str(address) == host else f"{host} ({address})"
    inner = _embedded(address)
    if inner is not None:
        refuse_forbidden(inner, host=host, allow_private=allow_private)
    if address in _METADATA or address.is_link_local:
        raise AddressRefused(
            "policy",
            _("%(address)s is a link-local or metadata address, which is never allowed") % {"address": shown},
            _("Give the address of the server itself."),
        )
    if address.is_multicast or address.is_unspecified or (address.version == 4 and address.is_reserved):
        raise AddressRefused("policy", _("%(address)s is not the address of a machine") % {"address": shown})
    if not address.is_global and inner is None and not allow_private:
        raise AddressRefused(
            "policy",
            _("%(address)s is a private or loopback address") % {"address": shown},
            _("If the server really is there, an admin has to allow private addresses for it."),
        )


def checked_host(host: str) -> str:
    """The host as it is to be resolved. Raises AddressRefused for what is no name, or an address in disguise."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if ":" in host or not _HOST_NAME.match(host):
        raise AddressRefused("policy", _("“%(host)s” is not a host name") % {"host": host[:100]})
    # Resolvers read 2130706433, 0x7f.1 or 127.1 as IPv4; people do not: such spellings only serve to hide an address.
    if _NUMBER.match(host.rstrip(".").rsplit(".", 1)[-1]):
        raise AddressRefused(
            "policy",
            _("“%(host)s” is an IP address in an unusual spelling") % {"host": host[:100]},
            _("Write it as four decimal numbers, for example 192.0.2.10."),
        )
    return host


def _look_up(host: str, port: int, timeout_seconds: float) -> list[IpAddress]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        rows = _resolvers.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(timeout_seconds)
    except FutureTimeout as error:
        raise _not_resolved(host, _("the name server did not answer in time")) from error
    except (socket.gaierror, UnicodeError) as error:
        why = error.strerror if isinstance(error, socket.gaierror) and error.strerror else str(error)
        raise _not_resolved(host, why) from error
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


def _embedded(address: IpAddress) -> IpAddress | None:
    """The IPv4 address that an IPv6 address only wraps (mapped, 6to4, NAT64), where the packets would really go."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _not_resolved(host: str, why: str) -> AddressRefused:
    return AddressRefused(
        "dns",
        _("the name %(host)s cannot be resolved: %(why)s") % {"host": host, "why": why},
        _("Check the spelling, and that this machine's name server knows the name."),
    )
