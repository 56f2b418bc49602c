"""What a token is narrowed to beside its scopes: teams, services and environments, each by name.

A narrowed token does only what is said to lie inside: where a permission is asked for without a team, a service or an
environment, a token that is narrowed to some of them does not reach it. Reading is not narrowed: a token sees what its
user sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from accounts.models import Token


def outside_of(token: Token, *, team: str = "", service: str = "", environment: str = "") -> str:
    """Why the thing at hand lies outside of what the token is narrowed to, as a sentence; "" when it lies inside."""
    for allowed, given, said in (
        (token.teams, team, _("the token “%(token)s” is only for the teams %(allowed)s")),
        (token.services, service, _("the token “%(token)s” is only for the services %(allowed)s")),
        (token.environments, environment, _("the token “%(token)s” is only for the environments %(allowed)s")),
    ):
        if allowed and given not in allowed:
            return said % {"token": token.name, "allowed": ", ".join(allowed)}
    return ""
