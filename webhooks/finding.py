"""What the palette finds of how machines come in: the pages of tokens, CI identities and webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User


def find_doors(user: User, words: str) -> Iterator[Found]:
    """Pages whose names the words are in; none without words. The lists there find the rest, without a query here."""
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
