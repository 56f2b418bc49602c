"""Errors of a connection in words for a person: what failed, without the library's vocabulary."""

from __future__ import annotations

import os
import ssl

import httpx
from django.utils.translation import gettext as _

from clusters.errors import ClusterUnreachable
from clusters.observe.stream import CONNECT_SECONDS, Refused, Unreadable

# What speaking to one API server may raise; anything else is a mistake of ours.
EXPECTED = (Refused, Unreadable, ClusterUnreachable, httpx.HTTPError, TimeoutError, OSError)


def words_for(error: BaseException) -> str:
    """One sentence for what went wrong on the way to an API server, without address or credential."""
    if isinstance(error, ClusterUnreachable):
        return str(error.detail)
    if isinstance(error, Refused):
        return _refusal(error)
    if isinstance(error, Unreadable):
        return _("the answer is not that of a Kubernetes API server: %(why)s") % {"why": error}
    if isinstance(error, httpx.ConnectTimeout):
        return _("no connection within %(seconds)d seconds") % {"seconds": CONNECT_SECONDS}
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return _("no answer in time")
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _("its certificate was not accepted: %(why)s") % {"why": cause.verify_message}
        if isinstance(cause, ssl.SSLError):
            return _("the TLS handshake failed: %(why)s") % {"why": cause.reason or _("no reason given")}
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
    return _("the connection was lost")


def _refusal(error: Refused) -> str:
    if error.status == 401:
        return _("the credentials are no longer accepted (401); rotate them under Credentials")
    if error.status == 403:
        return _("not allowed (403): %(why)s") % {"why": error.message}
    if error.status == 404:
        return _("not served by this cluster (404)")
    return _("the API server answered %(status)d: %(why)s") % {"status": error.status, "why": error.message}


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
