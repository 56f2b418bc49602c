"""Notifications of the CNCF Distribution registry: an envelope of events."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.",
    "application/vnd.oci.image.",
)


def read(body: Any) -> list[Push]:
    """Pushes of manifests; layers, pulls and deletions are no news."""
    return [
        Push(
            str(event.get("request", {}).get("host", "")),
            str(target["repository"]),
            str(target.get("tag", "")),
            str(target.get("digest", "")),
        )
        for event in body["events"]
        if event.get("action") == "push"
        and (target := event["target"])
        and str(target.get("mediaType", "")).startswith(MANIFESTS)
    ]
