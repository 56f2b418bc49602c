"""Why no answer came, in words a person can act on, and whether the request may have been carried out."""

from __future__ import annotations

import ssl
from typing import TypeVar

from django.utils.translation import gettext as _
from urllib3.exceptions import ReadTimeoutError

from clusters.errors import ClusterUnreachable

Kind = TypeVar("Kind", bound=BaseException)

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def not_sent(
    cluster: str, addresses: tuple[str, ...], server_hostname: str, error: BaseException
) -> ClusterUnreachable:
    """The connection never stood, so the request certainly was not carried out."""
    tls = _first(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return _bad_certificate(cluster, server_hostname, tls)
    if tls is not None:
        return ClusterUnreachable(
            cluster,
            _("no TLS connection can be made: %(why)s") % {"why": _openssl_words(tls)},
            step="tls",
            next=_("Check that the address and port are those of an API server that speaks TLS."),
        )
    where = ", ".join(addresses)
    if isinstance(error, ReadTimeoutError) or _first(error, TimeoutError) is not None:
        return ClusterUnreachable(
            cluster,
            _("%(where)s did not answer in time") % {"where": where},
            next=_("Check that the API server is up and that no firewall stands between it and Slipway."),
        )
    cause = _first(error, OSError)
    why = cause.strerror if cause is not None and cause.strerror else _("the connection was closed")
    return ClusterUnreachable(
        cluster,
        _("no connection to %(where)s: %(why)s") % {"where": where, "why": why},
        next=_("Check that the API server is up and listens at this address and port."),
    )


def sent_without_answer(cluster: str, method: str, error: BaseException) -> ClusterUnreachable:
    """The request went out and no whole answer came back: a write may have been carried out."""
    tls = _first(error, ssl.SSLError)
    if tls is not None and "alert" in str(tls).lower():
        # With TLS 1.3 a server turns down a client certificate only after the client has begun to send.
        return ClusterUnreachable(
            cluster,
            _("the server ended the TLS connection: %(why)s") % {"why": _openssl_words(tls)},
            step="tls",
            next=_("Check that the client certificate was issued for this cluster and has not expired."),
        )
    if isinstance(error, ReadTimeoutError) or _first(error, TimeoutError) is not None:
        detail = _("the API server took the request and did not answer in time")
    else:
        detail = _("the connection was lost before the answer was complete")
    return ClusterUnreachable(cluster, detail, ambiguous=method.upper() not in _READS, step="request")


def _bad_certificate(cluster: str, server_hostname: str, error: ssl.SSLCertVerificationError) -> ClusterUnreachable:
    words = error.verify_message or ""
    if error.verify_code == 10:
        detail, next_step = _("the server's certificate has expired"), _("Renew the API server's certificate.")
    elif error.verify_code in {62, 64} or "match" in words:
        detail = _("the server's certificate is not made out to %(name)s") % {"name": server_hostname}
        next_step = _("Use a name that the certificate holds, or give it as TLS server name.")
    else:
        detail = _("the server's certificate is not signed by the given CA: %(why)s") % {"why": words}
        next_step = _("Give the CA of this cluster (certificate-authority-data of its kubeconfig).")
    return ClusterUnreachable(cluster, detail, step="tls", next=next_step)


def _first(error: BaseException, kind: type[Kind]) -> Kind | None:
    """The first exception of that kind among the error, its arguments and its causes."""
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    while queue:
        one = queue.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, kind):
            return one
        queue += [one.__cause__, one.__context__, *(part for part in one.args if isinstance(part, BaseException))]
    return None


def _openssl_words(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
