"""What GitLab posts: notifications of its registry, and pipelines of tags that succeeded."""

from __future__ import annotations

from typing import Any

from webhooks.payloads import distribution
from webhooks.payloads.push import Push


def read(body: Any) -> list[Push]:
    """GitLab's registry speaks as Distribution does. A pipeline names no registry: its rule names the image."""
    if "events" in body:
        return distribution.read(body)
    about = body.get("object_attributes", {})
    if body.get("object_kind") != "pipeline" or about.get("status") != "success" or about.get("tag") is not True:
        return []
    path = str(body["project"]["path_with_namespace"]).lower()
    return [Push("", path, str(about["ref"]), commit=str(about.get("sha", "")))]
