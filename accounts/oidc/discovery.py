"""What a provider says of itself: its addresses and its keys, in words for the person who signs in."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from accounts.models import IdentityProvider
from accounts.oidc import published
from accounts.oidc.asking import NotAnswered, checked_url, shown
from accounts.oidc.errors import ProviderDown, SignInFailed
from web.outbound import AddressRefused

# Signatures that anybody who knows the client secret could make are none, and neither is the lack of one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ASKED = (*_NEEDED, "userinfo_endpoint", "end_session_endpoint")


@dataclass(frozen=True)
class Configuration:
    """The discovery document, checked: every address in it may be asked, or sent to."""

    issuer: str
    stated: dict[str, Any] = field(repr=False)

    def address(self, name: str) -> str:
        """One of the addresses; "" where the provider has none."""
        return str(self.stated.get(name) or "")

    @property
    def algorithms(self) -> list[str]:
        """The signatures that are accepted."""
        stated = self.stated.get("id_token_signing_alg_values_supported") or ["RS256"]
        return [name for name in ALGORITHMS if name in stated]

    @property
    def client_proof(self) -> str:
        """How a client with a secret proves itself at the token endpoint: the default unless it is not taken."""
        taken = self.stated.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        known = [name for name in ("client_secret_basic", "client_secret_post") if name in taken]
        return known[0] if known else "client_secret_basic"


def configuration_of(provider: IdentityProvider) -> Configuration:
    """The provider's configuration. Raises ProviderDown and SignInFailed (both of the check `discovery`)."""
    try:
        return published.configuration_of(_issuer(provider), partial(_checked, provider))
    except NotAnswered as error:
        raise ProviderDown("discovery", _sentence(provider, error.detail), next=error.next) from error


def keys_of(provider: IdentityProvider, *, anew: bool = False) -> KeySet:
    """The keys that it signs with. `anew`: a token named one that is not among them, as after a rotation.

    Raises ProviderDown (`keys`), and what `configuration_of` raises.
    """
    url = configuration_of(provider).address("jwks_uri")
    try:
        return published.keys_of(_issuer(provider), lambda: url, _key_set, is_enough=lambda _keys: not anew)
    except NotAnswered as error:
        raise ProviderDown("keys", _sentence(provider, error.detail), next=error.next) from error
    except (JoseError, KeyError, TypeError, ValueError) as error:
        detail = _sentence(provider, _("%(url)s holds no keys that can be read") % {"url": shown(url)})
        raise ProviderDown("keys", detail) from error


def forget(provider: IdentityProvider) -> None:
    """Ask anew at the next question: the test of a provider must see it as it is now."""
    published.forget(_issuer(provider))


def _issuer(provider: IdentityProvider) -> published.Issuer:
    return published.Issuer(provider.issuer, provider.allow_private_address, f"{provider.pk} {provider.version}")


def _key_set(found: Any) -> KeySet:
    return KeySet.import_key_set(found)


def _checked(provider: IdentityProvider, stated: dict[str, Any]) -> Configuration:
    if stated.get("issuer") != provider.issuer:
        raise SignInFailed(
            "discovery",
            _("%(name)s calls itself “%(stated)s”, not “%(issuer)s”.")
            % {"name": provider.title, "stated": str(stated.get("issuer"))[:200], "issuer": provider.issuer},
            next=_("Enter the issuer exactly as the provider states it, with or without the slash at its end."),
        )
    for name in _ASKED:
        if name in _NEEDED or stated.get(name):
            _check(provider, name, stated.get(name))
    return Configuration(provider.issuer, stated)


def _check(provider: IdentityProvider, name: str, url: Any) -> None:
    if not isinstance(url, str):
        detail = _("The configuration of %(name)s lacks %(what)s.") % {"name": provider.title, "what": name}
        raise SignInFailed("discovery", detail)
    try:
        checked_url(url, allow_private=provider.allow_private_address)
    except AddressRefused as refusal:
        detail = _("%(what)s of %(name)s cannot be used: %(why)s.")
        values = {"name": provider.title, "what": name, "why": refusal.detail}
        raise SignInFailed("discovery", detail % values, next=refusal.next) from refusal


def _sentence(provider: IdentityProvider, detail: str) -> str:
    return _("%(name)s cannot be asked: %(why)s.") % {"name": provider.title, "why": detail}
