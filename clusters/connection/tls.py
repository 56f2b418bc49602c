"""An SSL context from certificates that only ever live in memory."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils.translation import gettext as _


class BadCertificate(ValueError):
    """Certificate or key material that OpenSSL cannot use. `field` is ca_data or client_certificate."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


def ssl_context(*, ca_data: str, certificate: str, key: str, insecure: bool) -> ssl.SSLContext:
    """A client context that trusts `ca_data` alone (PEM), or the machine's authorities when it is empty.

    `certificate` and `key` (PEM) are shown to the server when given. Raises BadCertificate.
    """
    try:
        context = ssl.create_default_context(cadata=ca_data or None)
    except (ssl.SSLError, ValueError) as error:
        raise BadCertificate("ca_data", _("the CA certificate cannot be read")) from error
    # As kubectl does it: an intermediate may be the trust anchor, and CAs that bend RFC 5280 are in wide use.
    context.verify_flags = (
        context.verify_flags | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    ) & ~ssl.VerifyFlags.VERIFY_X509_STRICT
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        _show_certificate(context, certificate, key)
    return context


def _show_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    with _as_file(f"{certificate.strip()}\n{key.strip()}\n".encode()) as path:
        try:
            # Without a password OpenSSL would ask for one at the terminal and hang the process.
            context.load_cert_chain(path, password=lambda: "")
        except (ssl.SSLError, OSError, ValueError) as error:
            raise BadCertificate(
                "client_certificate",
                _("the client certificate and its key cannot be used together, or the key is encrypted"),
            ) from error


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """OpenSSL takes a chain from a path only: on Linux a file in memory, elsewhere a private file removed at once."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("slipway", os.MFD_CLOEXEC)
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(prefix="slipway-")
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield path
    finally:
        os.close(descriptor)
        if not path.startswith("/proc/self/fd/"):
            Path(path).unlink()
