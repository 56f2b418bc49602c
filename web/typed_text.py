"""Lists and objects as people type them into one field: words with commas, lines, key=value lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def from_words(text: str) -> list[str]:
    """Words with commas or line ends between them."""
    return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


def as_words(words: Iterable[str]) -> str:
    """The text that from_words reads back."""
    return ", ".join(words)


def from_lines(text: str) -> list[str]:
    """The lines that hold something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def as_lines(lines: Iterable[str]) -> str:
    """The text that from_lines reads back."""
    return "\n".join(lines)


def from_pairs(text: str) -> dict[str, str]:
    """Lines of key=value; a line without the sign is a key with an empty value."""
    pairs = (line.partition("=") for line in from_lines(text))
    return {key.strip(): value.strip() for key, _sign, value in pairs}


def as_pairs(pairs: Mapping[str, str]) -> str:
    """The text that from_pairs reads back."""
    return as_lines(f"{key}={value}" for key, value in pairs.items())
