"""From claims to a person: subject, user name, e-mail address, groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import IdentityProvider
from accounts.oidc.errors import SignInFailed

MOST_GROUPS, LONGEST = 2000, 255


@dataclass(frozen=True)
class Person:
    """What a provider says of somebody. `email` is "" unless the provider states it; `groups` None: it tells none."""

    subject: str
    username: str
    email: str
    email_is_verified: bool
    groups: tuple[str, ...] | None


def read_person(
    provider: IdentityProvider, claims: Mapping[str, Any], told: Mapping[str, Any], *, username_needed: bool = True
) -> Person:
    """The person of an ID token and the userinfo beside it; the ID token counts first. Raises SignInFailed."""
    everything = {**told, **claims}
    subject = str(everything["sub"])
    if not subject or len(subject) > LONGEST:
        raise SignInFailed("claims", _("The subject of the ID token is empty or longer than 255 characters."))
    username = at_path(everything, provider.username_claim)
    if username_needed and not (isinstance(username, str) and username):
        raise SignInFailed(
            "claims",
            _("Neither the ID token nor the userinfo has the claim “%(claim)s” with a user name.")
            % {"claim": provider.username_claim},
            next=_(
                "An admin has to name another claim, or let the provider add this one; scopes decide about it, too."
            ),
        )
    email = at_path(everything, provider.email_claim)
    return Person(
        subject=subject,
        username=username[:LONGEST] if isinstance(username, str) else "",
        email=email if isinstance(email, str) else "",
        # It speaks of the standard claim alone.
        email_is_verified=provider.email_claim == "email" and _is_yes(everything.get("email_verified")),
        groups=_groups(provider, everything),
    )


def at_path(claims: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as `realm_access.roles`; a claim whose own name has the dots counts first."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _is_yes(value: Any) -> bool:
    """Some providers send the word. A missing claim is no yes, and neither is a 1."""
    return value is True or value == "true"


def _groups(provider: IdentityProvider, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    if not provider.groups_claim:
        return None
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, Mapping) and provider.groups_claim in elsewhere:
        # Entra leaves groups out when there are too many: taking that for “no groups” would take every right away.
        raise SignInFailed(
            "claims",
            _("%(name)s left the groups out because there are too many of them.") % {"name": provider.title},
            next=_("An admin limits the groups claim to those groups that are assigned to the application."),
        )
    found = at_path(claims, provider.groups_claim)
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list):
        return ()
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and len(name) <= LONGEST))[:MOST_GROUPS]
