"""What a script posts: `{"image": "registry/acme/checkout:1.4.2", "digest": "sha256:…", "commit": "…"}`."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push


def read(body: Any) -> list[Push]:
    """The one image, or each of `images`."""
    rows = body.get("images", [body])
    return [
        Push.of_image(str(row["image"]), str(row.get("digest") or ""), str(row.get("commit") or ""))
        for row in ({"image": row} if isinstance(row, str) else row for row in rows)
    ]
