"""What Quay posts for a push: the repository and its new tags."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push, split_host


def read(body: Any) -> list[Push]:
    """Each tag; newer servers tell its digest beside it."""
    tags = body["updated_tags"]
    known = tags if isinstance(tags, dict) else dict.fromkeys(tags, "")
    host, path = split_host(str(body["docker_url"]))
    return [Push(host, path, str(tag), str(digest or "")) for tag, digest in known.items()]
