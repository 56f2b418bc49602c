"""What the palette finds among roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import CustomRole
from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User


def find_roles(user: User, words: str) -> list[Found]:
    """The page of all roles, and custom ones whose name or title is like the words."""
    if not words:
        return []
    pages = [Found(_("Roles: who may do what"), reverse("roles"), "shield")]
    if user.is_admin:
        pages.append(Found(_("New role"), reverse("create_role"), "plus"))
    rows = CustomRole.objects.values_list("name", "title")
    roles = [Found(title or name, reverse("role", args=[name]), "shield", name) for name, title in rows]
    return [found for found in pages + roles if matches(f"{found.label} {found.detail}", words)]
