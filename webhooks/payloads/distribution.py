"""Notifications of the CNCF Distribution registry: an envelope of events."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.",
    "application/vnd.oci.image.",
)


def read(body: Any) -> list[Push]:
    """Pushes of tagged manifests; layers, pulls and deletions are no news. A manifest without a tag is a part of an
    image for several platforms: the tagged index that follows is the image."""
    return [
        Push(
            str((event.get("request") or {}).get("host") or ""),
            str(target["repository"]),
            str(target["tag"]),
            str(target.get("digest") or ""),
        )
        for event in body["events"]
        if event.get("action") == "push"
        and (target := event["target"])
        and target.get("tag")
        and str(target.get("mediaType", "")).startswith(MANIFESTS)
    ]
