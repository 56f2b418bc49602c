"""What Docker Hub posts when a tag is pushed. It tells no digest."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push


def read(body: Any) -> list[Push]:
    """The one tag."""
    return [Push("docker.io", str(body["repository"]["repo_name"]), str(body["push_data"]["tag"]))]
