"""The two codes of a device login: one that the program keeps, and a short one that a person types."""

from __future__ import annotations

import secrets

# Consonants that are not taken for one another, and that spell nothing (RFC 8628, section 6.1). 20 ** 8 codes.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8


def new_device_code() -> str:
    """What the program shows to collect its token: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_user_code() -> str:
    """What the person types, without its hyphen."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(user_code: str) -> str:
    """`WDJBMJHT` as `WDJB-MJHT`."""
    return f"{user_code[: LENGTH // 2]}-{user_code[LENGTH // 2 :]}"


def typed(text: str) -> str:
    """What a person typed, in any case, with or without hyphen and blanks, as it is stored; "" for what is no code."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    return letters if len(letters) == LENGTH and set(letters) <= set(ALPHABET) else ""
