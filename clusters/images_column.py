"""The images of a Deployment as a short text, kept in a column of its own: lists compare ten thousand of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# PostgreSQL refuses an index entry of more than 2,700 bytes; place and images share one.
LONGEST_IMAGES = 1500
TOO_LONG = ""


def images_text(slim: Mapping[str, Any]) -> str:
    """The image of each container as JSON, the same text for the same images. TOO_LONG stands for more than fits;
    the row itself tells those."""
    text = json.dumps(slim.get("images") or {}, sort_keys=True, separators=(",", ":"))
    return text if len(text) <= LONGEST_IMAGES else TOO_LONG


def images_read(text: str) -> dict[str, str]:
    """What `images_text` wrote."""
    found: dict[str, str] = json.loads(text)
    return found
