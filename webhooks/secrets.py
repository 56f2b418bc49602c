"""The secret of a source: made by us, told once, and after a rotation good beside the new one for a while."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

OVERLAPS = timedelta(hours=24)


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def good_secrets(kept: dict[str, Any]) -> list[str]:
    """The secrets that count now, the newest first."""
    good = [kept["now"]] if kept.get("now") else []
    if kept.get("before") and datetime.fromisoformat(kept["until"]) > timezone.now():
        good.append(kept["before"])
    return good


def rotated(kept: dict[str, Any], overlap: timedelta) -> dict[str, Any]:
    """With a new secret; the present one stays good for `overlap`."""
    fresh = {"now": new_secret()}
    if overlap:
        fresh |= {"before": kept["now"], "until": (timezone.now() + overlap).isoformat()}
    return fresh
