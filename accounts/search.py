"""What the palette finds of settings: pages of roles and of signing in. It asks the database nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User


def find_roles(user: User, words: str) -> list[Found]:
    """The page of who may do what, and for an admin the form of a new role."""
    pages = [Found(_("Roles and permissions"), reverse("roles"), "shield")]
    if user.is_admin:
        pages.append(Found(_("New role"), reverse("create_role"), "plus"))
    return [found for found in pages if words and matches(found.label, words)]


def find_sign_in(user: User, words: str) -> list[Found]:
    """One's own ways in; for an admin the pages of identity providers and of the rules."""
    pages = [
        Found(_("Sign a program in: slipway login"), reverse("device"), "log-in"),
        Found(_("Security: second factor, passkeys, sessions"), reverse("security"), "shield-check"),
    ]
    if user.is_admin:
        pages += [
            Found(_("Sign-in and identity providers"), reverse("identity_providers"), "log-in"),
            Found(_("Sign-in rules and locks"), reverse("sign_in_rules"), "lock"),
        ]
    return [found for found in pages if words and matches(found.label, words)]
