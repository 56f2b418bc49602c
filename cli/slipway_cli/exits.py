"""What each exit code means. CI jobs are written against these numbers."""

from __future__ import annotations

from typing import Any

SUCCEEDED = 0
FAILED = 1
ERROR = 2
TIMED_OUT = 3
REJECTED = 4
NEEDS_APPROVAL = 5
BLOCKED = 6
INTERRUPTED = 130
TERMINATED = 143

ENDED = frozenset({"succeeded", "failed", "aborted", "superseded"})


def has_ended(release: dict[str, Any]) -> bool:
    """Whether nothing more will happen to it."""
    return release.get("status") in ENDED


def of_ended(release: dict[str, Any]) -> int:
    """The exit code for a release that has ended."""
    if release["status"] == "succeeded":
        return SUCCEEDED
    return REJECTED if release.get("reason") == "ApprovalRejected" else FAILED


def of_problem(problem: dict[str, Any]) -> int:
    """The exit code for a refusal of the portal: one that says what blocks is no mistake of the caller."""
    return BLOCKED if problem.get("blocked_by") else ERROR


def needs_approval(release: dict[str, Any]) -> bool:
    """Whether it stands before a gate that asks for voices."""
    return release.get("status") == "waiting" and release.get("reason") == "ApprovalRequired"


def is_held_by_time(release: dict[str, Any]) -> bool:
    """Whether it waits for the end of a freeze window, or of the soak time that an environment asks for."""
    return release.get("status") == "waiting" and release.get("reason") in ("FreezeWindow", "PromotionGate")
