"""What GitHub posts for `package` and `registry_package`: a container that was published to ghcr.io."""

from __future__ import annotations

from typing import Any

from webhooks.payloads.push import Push


def read(body: Any) -> list[Push]:
    """The published version. A version without a tag (a layer, an attestation) is told of by its digest alone."""
    package = body.get("package") or body.get("registry_package") or {}
    if (
        body.get("action") not in {"published", "updated"}
        or str(package.get("package_type", "")).upper() != "CONTAINER"
    ):
        return []
    version = package["package_version"]
    tag = version.get("container_metadata", {}).get("tag", {})
    url = str(version.get("package_url", ""))
    name = str(tag.get("name") or "")
    digest = str(tag.get("digest") or version.get("version") or "")
    if not name or not url:
        return []
    named = Push.of_image(url if ":" in url.rpartition("/")[2] else f"{url}:{name}")
    commit = str(version.get("target_oid") or "")
    return [Push(named.host, named.path, name, digest if digest.startswith("sha256:") else "", commit)]
