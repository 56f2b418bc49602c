"""The OpenAPI document of the REST API: made once per process, the same for everybody."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

FILE = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document as OpenAPI 3.1."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def as_yaml() -> str:
    """The document as it is kept in the repository."""
    return yaml.safe_dump(_plain(document()), sort_keys=False, allow_unicode=True, width=120)


def _plain(value: Any) -> Any:
    """Only types that YAML knows: lazy translations and the like become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else str(value)
