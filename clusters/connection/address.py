"""API server addresses: read strictly, then checked against what `web.outbound` lets be connected to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from clusters.errors import ClusterUnreachable
from web import outbound
from web.outbound import AddressRefused, IpAddress

_PATH = re.compile(r"\A(?:/[A-Za-z0-9._~:@-]+)*/?\Z")


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

    Raises ClusterUnreachable with step dns (no address) or policy (any address is not allowed).
    """
    try:
        return outbound.resolve(host, port, allow_private=allow_private, timeout_seconds=timeout_seconds)
    except AddressRefused as refusal:
        raise _as_unreachable(refusal, cluster) from refusal


def refuse_forbidden(address: IpAddress, *, host: str, cluster: str, allow_private: bool) -> None:
    """Raises ClusterUnreachable (step policy) when the address must not be connected to."""
    try:
        outbound.refuse_forbidden(address, host=host, allow_private=allow_private)
    except AddressRefused as refusal:
        raise _as_unreachable(refusal, cluster) from refusal


def _checked_host(host: str, cluster: str) -> str:
    try:
        return outbound.checked_host(host)
    except AddressRefused as refusal:
        raise _as_unreachable(refusal, cluster) from refusal


def _as_unreachable(refusal: AddressRefused, cluster: str) -> ClusterUnreachable:
    return ClusterUnreachable(cluster, refusal.detail, step=refusal.step, next=refusal.next or _use_plain_url())


def _refused(cluster: str, detail: str, next_step: str) -> ClusterUnreachable:
    return ClusterUnreachable(cluster, detail, step="policy", next=next_step)


def _use_plain_url() -> str:
    return _("Write it as https://host:port, as `kubectl cluster-info` shows it.")
