"""A device that keeps passkeys, in software: it answers both ceremonies of WebAuthn, truly or with one thing wrong."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One key pair. The fields say what goes into its answers, so that a test can make any of them wrong."""

    origin: str = "http://testserver"
    host: str = "testserver"
    flags: int = USER_PRESENT | USER_VERIFIED
    count: int = 0
    user_handle: bytes | None = None
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any], **wrong: Any) -> str:
        """The answer to a request to make a passkey."""
        self.user_handle = websafe_decode(options["user"]["id"])
        client_data = self._client_data("webauthn.create", options, wrong)
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        attested += cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        data = self._authenticator_data(ATTESTED) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=client_data, attestationObject=attestation)

    def prove(self, options: dict[str, Any], **wrong: Any) -> str:
        """The answer to a challenge. Each one counts."""
        self.count += 1
        client_data = self._client_data("webauthn.get", options, wrong)
        data = self._authenticator_data()
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client_data, "authenticatorData": data, "signature": signature}
        if self.user_handle is not None:
            parts["userHandle"] = self.user_handle
        return self._answer(**parts)

    def _client_data(self, kind: str, options: dict[str, Any], wrong: dict[str, Any]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False} | wrong
        ).encode()

    def _authenticator_data(self, more: int = 0) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _answer(self, **parts: bytes) -> str:
        name = websafe_encode(self.credential_id)
        response = {part: websafe_encode(value) for part, value in parts.items()}
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response}
        )
