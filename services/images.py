"""Reading container image references: what is wrong with one, and which version it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from docker_image.digest import InvalidDigest
from docker_image.reference import InvalidReference, Reference

LONGEST = 512
_DIGEST_SHOWN = 12


@dataclass(frozen=True)
class Image:
    """One reference in its parts; `tag` and `digest` are "" when absent."""

    repository: str
    tag: str
    digest: str


def parse_image(text: str) -> Image:
    """The parts of a reference such as `registry.example/shop/web:1.2@sha256:...`.

    Raises ValueError whose text tells a person what is wrong.
    """
    if not text:
        raise ValueError(_("An image is needed, such as registry.example/shop/web:1.2."))
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        # The library's pattern accepts one line end at the end.
        raise ValueError(_("An image reference holds no spaces and no line ends."))
    if len(text) > LONGEST:
        raise ValueError(
            _("The image reference has %(length)d characters; at most %(longest)d are possible.")
            % {"length": len(text), "longest": LONGEST}
        )
    try:
        parsed = Reference.parse(text)
    except (InvalidReference, InvalidDigest) as error:
        raise ValueError(_not_an_image(text, str(error))) from error
    host, slash, _path = text.partition("/")
    if slash and host != host.lower() and not {".", ":"} & set(host):
        # The grammar would take `UPPER/case` as a host named UPPER, which no registry is.
        raise ValueError(_not_an_image(text, _("repository names are lower-case")))
    return Image(str(parsed["name"]), str(parsed.get("tag") or ""), str(parsed.get("digest") or ""))


def _not_an_image(text: str, reason: str) -> str:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return _("“%(image)s” is no image reference: %(reason)s.") % {"image": shown, "reason": reason}


def is_pinned(image: str) -> bool:
    """Whether the image is named by digest, so that it can't come to mean another one."""
    try:
        return bool(parse_image(image).digest)
    except ValueError:
        return False


@lru_cache(maxsize=8192)
def version_of(image: str) -> str:
    """What a person calls the version: the tag, else the shortened digest, else "latest"; unreadable text as it is."""
    try:
        parsed = parse_image(image)
    except ValueError:
        return image
    if parsed.tag:
        return parsed.tag
    if parsed.digest:
        method, _colon, digits = parsed.digest.partition(":")
        return f"{method}:{digits[:_DIGEST_SHOWN]}"
    return "latest"
