"""What Harbor posts for PUSH_ARTIFACT."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push


def read(body: Any) -> list[Push]:
    """Each tagged resource of a pushed artifact; scans and deletions are no news, nor are the parts of an image for
    several platforms, which have no tag."""
    if body.get("type") not in {"PUSH_ARTIFACT", "pushImage"}:
        return []
    pushes = [
        Push.of_image(str(resource["resource_url"]).partition("@")[0], str(resource.get("digest") or ""))
        for resource in body["event_data"]["resources"]
    ]
    return [push for push in pushes if push.tag]
