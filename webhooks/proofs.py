"""Pure: whether what came in comes from who knows the secret. Asked before anything of the body is read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """`is_signature`: it proves this body alone. Else the secret itself came along, which proves who sends."""

    is_signature: bool


def proof_of(secrets: Iterable[str], headers: Mapping[str, str], body: bytes) -> Proof | None:
    """By an HMAC over the body (`X-Hub-Signature-256`), or by the secret itself in `X-Gitlab-Token` or `Authorization`
    (Bearer, Basic with any user name, or alone); None when nothing fits. A signature that is there has to be right.

    `headers` are under lower-case names. Every secret is compared, whatever came before, in constant time.
    """
    known = [secret.encode() for secret in secrets]
    if signature := headers.get("x-hub-signature-256"):
        made = [f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}".encode() for secret in known]
        return Proof(True) if _is_among(signature.encode(), made) else None
    for offered in (headers.get("x-gitlab-token", ""), _authorization(headers.get("authorization", ""))):
        if offered and _is_among(offered.encode(), known):
            return Proof(False)
    return None


def sha256(body: bytes) -> str:
    """The name of a body."""
    return hashlib.sha256(body).hexdigest()


def _is_among(offered: bytes, known: list[bytes]) -> bool:
    # Not `any` over a generator: it would stop at the first that fits.
    return any([hmac.compare_digest(offered, one) for one in known])  # noqa: C419


def _authorization(header: str) -> str:
    scheme, _space, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return header.strip()
