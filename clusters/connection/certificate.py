"""What a certificate or a token says of itself: whom it is made out to, by whom, and until when it is good."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from cryptography import x509

Proof = Literal["server_certificate", "client_certificate", "token"]
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Validity:
    """How long something that a connection rests on is good. `subject` and `issuer` as written in it."""

    of: Proof
    subject: str
    issuer: str
    expires_at: datetime

    def as_json(self) -> dict[str, Any]:
        """For storing; times as ISO 8601."""
        return {
            "of": self.of, "subject": self.subject, "issuer": self.issuer, "expires_at": self.expires_at.isoformat(),
        }  # fmt: skip


def of_server(der: bytes | None) -> Validity | None:
    """Of the certificate that a server showed in the handshake; None when it showed none that can be read."""
    if not der:
        return None
    try:
        return _of_certificate("server_certificate", x509.load_der_x509_certificate(der))
    except ValueError:
        return None


def of_client(pem: str) -> Validity | None:
    """Of the certificate that we show, the first of the chain; None when there is none or it cannot be read."""
    if not pem:
        return None
    try:
        return _of_certificate("client_certificate", x509.load_pem_x509_certificate(pem.encode()))
    except ValueError:
        return None


def of_token(token: str) -> Validity | None:
    """Of a token that is a JWT with an end, as those of ServiceAccounts are; None for any other.

    Nothing is verified: whether the token is good is the API server's to say.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expires_at = datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, binascii.Error):
        return None
    return Validity("token", _short(claims.get("sub")), _short(claims.get("iss")), expires_at)


def _of_certificate(of: Proof, certificate: x509.Certificate) -> Validity:
    return Validity(
        of,
        _short(certificate.subject.rfc4514_string()),
        _short(certificate.issuer.rfc4514_string()),
        certificate.not_valid_after_utc,
    )


def _short(text: object) -> str:
    return str(text or "")[:_LONGEST_NAME]
