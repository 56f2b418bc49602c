"""Host keys as OpenSSH writes them: read strictly, compared whole, shown by their SHA-256 fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from django.utils.translation import gettext as _

from installs.grammar import Malformed

TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
_KEY = re.compile(r"\A(?P<type>[a-z0-9-]{1,32}) (?P<body>[A-Za-z0-9+/]{32,3000}={0,2})(?: [\x20-\x7e]{0,200})?\Z")
_FINGERPRINT = re.compile(r"\ASHA256:[A-Za-z0-9+/]{43}\Z")


def host_key(value: object) -> str:
    """`TYPE BASE64` without a comment. Raises Malformed."""
    match = _KEY.match(value.strip()) if isinstance(value, str) else None
    if match is None or match["type"] not in TYPES:
        raise Malformed(
            "host_key", _("Give the host's public key as in /etc/ssh/ssh_host_ed25519_key.pub: type and base64.")
        )
    try:
        body = base64.b64decode(match["body"], validate=True)
    except binascii.Error:
        body = b""
    # The blob begins with its own type, so that a key cannot pass for one of another type.
    if body[:4] != len(match["type"]).to_bytes(4, "big") or body[4 : 4 + len(match["type"])] != match["type"].encode():
        raise Malformed("host_key", _("The base64 part is no key of type %(type)s.") % {"type": match["type"]})
    return f"{match['type']} {match['body']}"


def fingerprint(key: str) -> str:
    """`SHA256:...` as `ssh-keygen -l` shows it; "" for no key."""
    if not key:
        return ""
    digest = hashlib.sha256(base64.b64decode(key.split(" ")[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def is_fingerprint(value: str) -> bool:
    """Whether the text is a fingerprint, not a key."""
    return bool(_FINGERPRINT.match(value))
