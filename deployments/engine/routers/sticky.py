"""Sessions that stay with their version: each weighted destination sets a cookie, and matches of it stand first.

A consistent hash only picks a pod, so it can't do this. The cookie's value is the `pod-template-hash` of the version; a
cookie of an older release matches neither end and is simply replaced.
"""

from __future__ import annotations

import json
import re

from deployments.engine.json import Json
from deployments.engine.routers import Ends
from deployments.engine.strategies import Sticky

# By this a rule or filter of ours is known, whatever the cookie is called.
MARK = "slipway."


def versions(ends: Ends) -> list[tuple[str, str]]:
    """Both ends, the new one first: (Service, hash of its pods)."""
    return [(ends.canary, ends.canary_hash), (ends.stable, ends.stable_hash)]


def cookie(asked: Sticky, pod_hash: str) -> str:
    """The value of Set-Cookie that keeps a session with a version."""
    return f"{asked.cookie}={MARK}{pod_hash}; Path=/; Max-Age={asked.seconds}; HttpOnly; SameSite=Lax"


def pattern(asked: Sticky, pod_hash: str) -> str:
    """A regular expression that a whole Cookie header with that version matches (RE2)."""
    return rf"^(.*;\s*)?{re.escape(asked.cookie)}={re.escape(MARK)}{pod_hash}(;.*)?$"


def is_ours_in(part: Json) -> bool:
    """Whether a match or filter is there because of our cookie."""
    text = json.dumps(part).replace("\\\\", "")
    return f"={MARK}" in text
