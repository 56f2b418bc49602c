"""Reasons of upper rooms why a target must not be removed now.

Upper rooms append to `target_removal_checks` in their AppConfig.ready: a check takes the target and answers a list of
`{"kind", "id", ...}` for each thing that is in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.models import Target

target_removal_checks: list[Callable[[Target], list[dict[str, Any]]]] = []


def what_blocks_removal(target: Target) -> list[dict[str, Any]]:
    """All that is in the way of removing the target, empty when nothing is."""
    return [blocker for check in target_removal_checks for blocker in check(target)]
