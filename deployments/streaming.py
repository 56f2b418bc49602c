"""The two calls of a release that stay open: their addresses."""

from __future__ import annotations

import re

from accounts.streaming import Call, Scope

_RELEASE = re.compile(
    r"\A/api/v1/releases/(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<call>wait|events)/\Z"
)


def read(scope: Scope) -> Call | None:
    """The call; None for anything but a GET of such an address."""
    return Call.of(scope, _RELEASE)


def is_call(path: str, call: str) -> bool:
    """Whether the path is `wait` or `events` of some release."""
    match = _RELEASE.match(path)
    return match is not None and match["call"] == call


def topic(call: Call) -> str:
    """What is published when the release changes."""
    return f"release:{call.pk}"
