"""What a JSON object is in the engine."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
