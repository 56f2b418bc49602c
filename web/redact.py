"""Masking of values whose names sound secret, for logs and audit entries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "•••"

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token(?!_?(name|id|prefix))|authorization|cookie|kubeconfig|private_?key|client_?key|api_?key|credential|client-key-data",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"(?P<lead>Bearer\s+)[^\s@\"']+|(?P<user>://[^/\s:@]*:)[^\s@/\"']+(?=@)|slip_[A-Za-z0-9_-]{8,}|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def redacted(value: Any, depth: int = 0) -> Any:
    """The same value with secrets masked: whole values under telling names, and telling patterns inside texts."""
    if depth > 12:
        return MASK
    if isinstance(value, Mapping):
        return {
            key: MASK if item not in (None, "") and _SECRET_NAME.search(str(key)) else redacted(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item, depth + 1) for item in value]
    return redacted_text(value) if isinstance(value, str) else value


def redacted_text(text: str) -> str:
    """A text without bearer tokens, passwords in addresses, our own tokens, JWTs and private keys."""
    return _SECRET_TEXT.sub(lambda found: f"{found.group('lead') or found.group('user') or ''}{MASK}", text)
