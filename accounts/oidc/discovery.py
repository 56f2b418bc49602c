"""What a provider says of itself: its addresses and its keys, kept for a while in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from accounts.models import IdentityProvider
from accounts.oidc.asking import Answer, Door, NotAnswered, checked_url, shown
from accounts.oidc.errors import ProviderDown, SignInFailed
from web.outbound import AddressRefused

KEPT_SECONDS = 600
# Signatures that anybody who knows the client secret could make are none, and neither is the lack of one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ASKED = (*_NEEDED, "userinfo_endpoint", "end_session_endpoint")


@dataclass
class _Kept:
    configuration: Configuration
    until: float
    keys: KeySet | None = None


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


_kept: dict[tuple[str, int], _Kept] = {}


def configuration_of(provider: IdentityProvider) -> Configuration:
    """The provider's configuration. Raises ProviderDown and SignInFailed (both of the check `discovery`)."""
    return _of(provider).configuration


def keys_of(provider: IdentityProvider, *, anew: bool = False) -> KeySet:
    """The keys that it signs with. `anew`: a token named one that is not among them, as after a rotation.

    Raises ProviderDown (`keys`).
    """
    kept = _of(provider)
    if kept.keys is None or anew:
        url = kept.configuration.address("jwks_uri")
        try:
            found: Any = _object(Door(provider.allow_private_address).get(url))
            kept.keys = KeySet.import_key_set(found)
        except NotAnswered as error:
            raise ProviderDown("keys", _sentence(provider, error.detail), next=error.next) from error
        except (JoseError, KeyError, TypeError, ValueError) as error:
            detail = _sentence(provider, _("%(url)s holds no keys that can be read") % {"url": shown(url)})
            raise ProviderDown("keys", detail) from error
    return kept.keys


def forget(provider: IdentityProvider) -> None:
    """Ask anew at the next question: the test of a provider must see it as it is now."""
    _kept.pop((str(provider.pk), provider.version), None)


def forget_all() -> None:
    """Ask every provider anew."""
    _kept.clear()


def _of(provider: IdentityProvider) -> _Kept:
    key, now = (str(provider.pk), provider.version), time.monotonic()
    kept = _kept.get(key)
    if kept is None or kept.until < now:
        kept = _kept[key] = _Kept(_discover(provider), now + KEPT_SECONDS)
        for gone in [other for other, row in _kept.items() if row.until < now]:
            _kept.pop(gone, None)
    return kept


def _discover(provider: IdentityProvider) -> Configuration:
    url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        stated = _object(Door(provider.allow_private_address).get(url))
    except NotAnswered as error:
        raise ProviderDown("discovery", _sentence(provider, error.detail), next=error.next) from error
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


def _object(answer: Answer) -> dict[str, Any]:
    answer.raise_for_status()
    if answer.status_code >= 300:
        raise NotAnswered(
            _("%(url)s answers with a redirect, which is not followed") % {"url": shown(answer.url)},
            _("Enter the issuer's final address."),
        )
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotAnswered(_("%(url)s answers no JSON object") % {"url": shown(answer.url)}, _("Check the issuer."))
    return found


def _sentence(provider: IdentityProvider, detail: str) -> str:
    return _("%(name)s cannot be asked: %(why)s.") % {"name": provider.title, "why": detail}
