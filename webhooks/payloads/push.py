"""An image that was pushed, whoever told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST = re.compile(r"\A[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?\Z")
_PATH = re.compile(r"\A[a-z0-9]+(?:[._/-]+[a-z0-9]+)*\Z")
_TAG = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_DIGEST = re.compile(r"\Asha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Push:
    """`host` is the registry's ("" where it was not told), `path` the repository in it. `commit` is told by some."""

    host: str
    path: str
    tag: str = ""
    digest: str = ""
    commit: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether each part is what it says: all of it comes from outside and goes into an image reference."""
        return (
            (not self.host or bool(_HOST.match(self.host)))
            and bool(_PATH.match(self.path))
            and len(self.path) <= 255
            and (not self.tag or bool(_TAG.match(self.tag)))
            and (not self.digest or bool(_DIGEST.match(self.digest)))
            and bool(self.tag or self.digest)
        )

    @property
    def repository(self) -> str:
        return f"{self.host}/{self.path}" if self.host else self.path

    def image(self, repository: str = "") -> str:
        """What is to run: by digest where that is known, so that a tag that moves on changes nothing."""
        named = repository or self.repository
        if self.tag:
            named = f"{named}:{self.tag}"
        return f"{named}@{self.digest}" if self.digest else named

    @classmethod
    def of_image(cls, image: str, digest: str = "", commit: str = "") -> Push:
        """From a reference as people write it: `ghcr.io/acme/checkout:1.4.2`, perhaps with `@sha256:…`."""
        named, _at, own = image.partition("@")
        head, slash, last = named.rpartition("/")
        name, _colon, tag = last.partition(":")
        host, path = split_host(f"{head}{slash}{name}")
        return cls(host, path, tag, digest or own, commit)


def split_host(repository: str) -> tuple[str, str]:
    """Registry and path: the first part is a registry when it looks like a host, as Docker decides."""
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "", repository
