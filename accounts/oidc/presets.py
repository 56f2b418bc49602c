"""What is known of the usual providers, so that an admin types an issuer and a client and little else."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import IdentityProvider

Kind = IdentityProvider.Preset


@dataclass(frozen=True)
class Preset:
    """The values of one kind of provider. `issuer` is an example; `hint` says what to do over there."""

    issuer: str
    hint: str | Promise
    scopes: str = "openid profile email"
    username_claim: str = "preferred_username"
    email_claim: str = "email"
    groups_claim: str = "groups"

    @property
    def values(self) -> dict[str, str]:
        """What it fills in where nothing else is given."""
        return {
            "scopes": self.scopes,
            "username_claim": self.username_claim,
            "email_claim": self.email_claim,
            "groups_claim": self.groups_claim,
        }


PRESETS: dict[str, Preset] = {
    Kind.KEYCLOAK: Preset(
        "https://keycloak.example.com/realms/REALM",
        _(
            "Make a client with standard flow and client authentication. Give it the mapper “Group Membership” with "
            "the claim groups and without the full path. Sessions refresh without the scope offline_access."
        ),
    ),
    Kind.OKTA: Preset(
        "https://COMPANY.okta.com",
        _(
            "Make an app integration of type OIDC, Web Application, with the grant Refresh Token. Add a groups claim "
            "(filter) to its ID token."
        ),
        scopes="openid profile email groups offline_access",
    ),
    Kind.ENTRA: Preset(
        "https://login.microsoftonline.com/TENANT-ID/v2.0",
        _(
            "Register an app for this tenant alone. Under Token configuration add the groups claim, limited to groups "
            "that are assigned to the app: a rule then names a group by its object ID."
        ),
        scopes="openid profile email offline_access",
    ),
    Kind.GOOGLE: Preset(
        "https://accounts.google.com",
        _(
            "Make an OAuth client of type Web application, for internal users alone. Google tells no groups and "
            "refreshes no sign-in: a session lasts as long as its ID token."
        ),
        username_claim="email",
        groups_claim="",
    ),
    Kind.GITLAB: Preset(
        "https://gitlab.com",
        _("Make an application, confidential, with the scopes openid, profile and email."),
        username_claim="nickname",
        groups_claim="groups_direct",
    ),
    Kind.DEX: Preset(
        "https://dex.example.com",
        _("Add a static client to Dex' configuration. Groups come from the connector behind it."),
        scopes="openid profile email groups offline_access",
    ),
    Kind.GENERIC: Preset(
        "https://sso.example.com",
        _("Make a confidential client for the authorization code flow."),
    ),
}
