"""Filled templates of small parts, as tags answer them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language


def rendered(name: str, filled: dict[str, Any]) -> SafeString:
    """templates/parts/<name>.html filled with these values, without the newline at the end of the file."""
    return SafeString(get_template(f"parts/{name}.html").render(filled).strip())


def rendered_once(name: str, filled: dict[str, Any]) -> SafeString:
    """The same for values that stand on a page a hundred times: rendered once for each language. They are hashable."""
    return _remembered(name, get_language(), _settled(filled))


@lru_cache(maxsize=4096)
def _remembered(name: str, language: str | None, settled: tuple[tuple[str, Any, type], ...]) -> SafeString:
    return rendered(name, {key: value for key, value, _kind in settled})


def _settled(filled: dict[str, Any]) -> tuple[tuple[str, Any, type], ...]:
    """Lazy texts in the language of now; each value with its type, since a text that is safe equals one that is not."""
    values = ((name, str(value) if isinstance(value, Promise) else value) for name, value in filled.items())
    return tuple((name, value, type(value)) for name, value in values)
