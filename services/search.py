"""What the palette finds in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse

from services.models import Environment, Service
from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User

MOST_COMPARED = 2000
MOST_FOUND = 7


def find_services(user: User, words: str) -> list[Found]:
    """Visible services that hold the words, those whose name begins so first; then those that are only like them."""
    rows = Service.objects.visible_to(user).order_by("name").values_list("name", "title", "team__name")
    holding = rows.filter(Q(name__icontains=words) | Q(title__icontains=words)) if words else rows
    found = sorted(holding[:MOST_COMPARED], key=lambda row: not row[0].startswith(words.lower()))[:MOST_FOUND]
    if words and len(found) < MOST_FOUND:
        alike = (row for row in rows[:MOST_COMPARED] if row not in found and matches(f"{row[0]} {row[1]}", words))
        found += [*alike][: MOST_FOUND - len(found)]
    return [Found(title or name, reverse("service", args=[name]), "boxes", team) for name, title, team in found]


def find_environments(user: User, words: str) -> list[Found]:
    """Environments whose name or title is like the words."""
    return [
        Found(row.title or row.name, row.get_absolute_url(), "layers")
        for row in Environment.objects.all()
        if words and matches(f"{row.name} {row.title}", words)
    ][:MOST_FOUND]
