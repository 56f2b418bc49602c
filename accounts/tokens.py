"""Tokens as text: made from 256 random bits, shown once, stored as a hash."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "slip_"


def new_token() -> str:
    """A token nobody can guess."""
    return PREFIX + secrets.token_urlsafe(32)


def new_code() -> str:
    """A code nobody can guess, for what works once and soon."""
    return secrets.token_urlsafe(32)


def hashed(raw: str) -> str:
    """What is stored of a token. It holds 256 random bits, so a plain fast hash is enough."""
    return hashlib.sha256(raw.encode()).hexdigest()
