"""Pure: which rule means which pushed image."""

from __future__ import annotations

import re
from typing import Any

from webhooks.payloads.push import Push

MOST_STARS = 6


def means(pattern: str, push: Push) -> bool:
    """Whether `acme/checkout:1.*` means the image. The repository is matched as a whole, with or without its registry,
    so that nobody else's `evil/checkout` is taken for `checkout`; `*` is anything but a slash. Without a tag every tag
    is meant."""
    repository, tag = split(pattern)
    if not (_fits(repository, push.path) or _fits(repository, push.repository)):
        return False
    return tag is None or (bool(push.tag) and _fits(tag, push.tag))


def split(pattern: str) -> tuple[str, str | None]:
    """Repository and tag of a pattern; None: every tag. The colon of a registry's port is none of a tag."""
    head, slash, last = pattern.rpartition("/")
    name, colon, tag = last.partition(":")
    return f"{head}{slash}{name}", tag if colon else None


def work_of(rules: list[dict[str, Any]], pushes: list[Push]) -> list[dict[str, Any]]:
    """What the rules make of the images: an entry for each service, environment and content, in the rules' order.

    One content may come under several tags, as 1, 1.4 and 1.4.2: it is released once, under the longest of them.
    """
    work: dict[tuple[str, str, str], dict[str, Any]] = {}
    for rule in rules:
        for push in pushes:
            if not means(rule["match"], push):
                continue
            image = push.image(rule.get("image", ""))
            key = (rule["service"], rule["environment"], content_of(image))
            if key not in work or len(push.tag) > len(work[key]["version"]):
                work[key] = {**rule, "image": image, "version": push.tag, "commit": push.commit}
    return list(work.values())


def content_of(image: str) -> str:
    """What tells one content from another: the digest, where it is known, else the whole reference."""
    return image.partition("@")[2] or image


def _fits(pattern: str, text: str) -> bool:
    parts = ("[^/]*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", pattern))
    return re.fullmatch("".join(parts), text) is not None
