"""What the palette finds of how machines come in: the pages of tokens, CI identities and webhooks, and each source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from web.palette import MAX_OF_A_KIND, Found, matches
from webhooks.queries import source_list

if TYPE_CHECKING:
    from accounts.models import User


def find_doors(user: User, words: str) -> Iterator[Found]:
    """Pages and sources whose names the words are in; none without words. One query."""
    if not words:
        return
    pages = {
        _("Tokens"): reverse("tokens"),
        _("CI identities"): reverse("ci_identities"),
        _("Webhooks"): reverse("webhooks:sources"),
    }
    for label, url in pages.items():
        if matches(label, words):
            yield Found(label, url, "key-round")
    for source in source_list(user).filter(name__icontains=words)[:MAX_OF_A_KIND]:
        yield Found(source.name, source.get_absolute_url(), "bell", _("webhook source"))
