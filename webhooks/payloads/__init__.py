"""Pure: from what a registry or CI system posts to the images that were pushed, a file for each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from webhooks.payloads import distribution, docker_hub, generic, github, gitlab, harbor, quay
from webhooks.payloads.push import Push

READERS: dict[str, Callable[[Any], list[Push]]] = {
    "distribution": distribution.read,
    "docker_hub": docker_hub.read,
    "generic": generic.read,
    "github": github.read,
    "gitlab": gitlab.read,
    "harbor": harbor.read,
    "quay": quay.read,
}
MOST_PUSHES, LONGEST_COMMIT = 50, 200


def pushes_of(kind: str, body: Any) -> list[Push]:
    """The images that a body of this kind tells of, each once. What is no push, or misshapen, tells of none."""
    try:
        found = READERS[kind](body)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return []
    return list(dict.fromkeys(_with_commit(push) for push in found if push.is_sound))[:MOST_PUSHES]


def _with_commit(push: Push) -> Push:
    """One that no release could keep is left out: the image is good all the same."""
    return push if len(push.commit) <= LONGEST_COMMIT and push.commit.isprintable() else replace(push, commit="")
