"""Whether two references mean one image. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from services.images import Image, parse_image

DIGEST_SHOWN = 12
# As many as a large organisation runs at a time: the matrix compares them all, one after another.
MOST_KEPT = 32_768


@lru_cache(maxsize=MOST_KEPT)
def _parsed(reference: str) -> Image | None:
    try:
        return parse_image(reference)
    except ValueError:
        return None


def same_image(one: str, other: str) -> bool:
    """By digest where both name one, else by repository and tag."""
    if one == other or not ("@" in one or "@" in other):
        # Without a digest the text is repository and tag, in one spelling only: parsing it would tell no more.
        return one == other
    left, right = _parsed(one), _parsed(other)
    if left is None or right is None:
        return one == other
    if left.digest and right.digest:
        return left.digest == right.digest
    return (left.repository, left.tag) == (right.repository, right.tag) and bool(left.tag or one == other)


def is_same_by_digest(one: str, other: str) -> bool:
    """Whether nothing but the digest was needed to tell."""
    left, right = _parsed(one), _parsed(other)
    return bool(left and right and left.digest and left.digest == right.digest)


def all_among(wanted: Iterable[str], found: Iterable[str]) -> bool:
    """Whether each wanted image is one of those that were found."""
    there = list(found)
    return all(any(same_image(image, one) for one in there) for image in wanted)


def brought_anew(images: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The images that a release would bring: those that the containers do not have already."""
    return sorted({image for container, image in images.items() if image and image != now.get(container)})


def short_digest(reference: str) -> str:
    """ "3f1c0a9b2d4e", "" where the image is named by tag alone."""
    found = _parsed(reference)
    return found.digest.partition(":")[2][:DIGEST_SHOWN] if found else ""
