"""What the palette offers to do with releases that are under way: each leads to the button on the release's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deployments.decisions import decisions_of
from deployments.queries.releases import release_list
from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User

MOST_RELEASES = 30


def release_actions(user: User, words: str) -> Iterator[Found]:
    """Buttons that the person may press and whose label, service or environment the words name; none without words."""
    if not words:
        return
    for release in release_list(user).filter(ended=False)[:MOST_RELEASES]:
        target = release.target
        decisions = decisions_of(release, user, is_newest=True)
        where = f"{target.service.name}, {target.environment.name}"
        for choice in decisions.choices if decisions else []:
            if not choice.why_not and matches(f"{choice.verb} {choice.label} {where} {release.label}", words):
                yield Found(choice.label, f"{release.get_absolute_url()}#decisions", choice.icon or "rocket", where)
