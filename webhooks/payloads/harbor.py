"""What Harbor posts for PUSH_ARTIFACT."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push


def read(body: Any) -> list[Push]:
    """Each resource of a pushed artifact; scans and deletions are no news."""
    if body.get("type") not in {"PUSH_ARTIFACT", "pushImage"}:
        return []
    return [
        Push.of_image(str(resource["resource_url"]).partition("@")[0], str(resource.get("digest", "")))
        for resource in body["event_data"]["resources"]
    ]
