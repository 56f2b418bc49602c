"""Pod templates without the secrets that somebody put into them as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deployments.engine.json import Json
from web.redact import MASK, redacted_text

_SECRET_NAME = re.compile(
    r"secret|token|passw|passphrase|_pass$|pwd|credential|private|api_?key|[_-]key$|_dsn$|auth$", re.IGNORECASE
)


def masked(template: Json) -> Json:
    """A copy of a pod template for showing: values of environment variables whose names sound secret are masked, and
    so are tokens, keys and passwords inside any other text. References to Secrets stay: their names are no secrets."""
    return {key: _masked(value) for key, value in template.items()}


def sounds_secret(name: str) -> bool:
    """Whether a variable of this name is taken to hold a secret."""
    return bool(_SECRET_NAME.search(name))


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        if _is_variable(value) and sounds_secret(str(value["name"])):
            return {**value, "value": MASK}
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return redacted_text(value) if isinstance(value, str) else value


def _is_variable(value: Mapping[str, Any]) -> bool:
    return "name" in value and bool(value.get("value")) and set(value) <= {"name", "value"}
