"""The authorization code flow with PKCE: out to the provider, and back with a proof of who somebody is.

1. `begin` keeps state, nonce and verifier in this browser's session and answers where to send the browser.
2. `take_pending` finds them again by the state that came back, once.
3. `finish` exchanges the code, judges the ID token, asks the userinfo for what is not in it.
4. `refresh` asks again, later, without the person.
"""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from authlib.common.urls import add_params_to_uri
from authlib.integrations.base_client import OAuthError
from authlib.oauth2.client import OAuth2Client
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import IdentityProvider
from accounts.oidc.asking import Door, NotAnswered, shown
from accounts.oidc.discovery import Configuration, configuration_of, keys_of
from accounts.oidc.errors import NoLongerVouched, ProviderDown, SignInFailed
from accounts.oidc.id_token import read_id_token
from accounts.oidc.person import Person, read_person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest

PENDING_SECONDS, MOST_PENDING = 600, 5
_PENDING = "provider_sign_ins"
# What a provider says to a refresh when it does not vouch any more; anything else may be a mistake or a fault of today.
_OVER = {"invalid_grant", "access_denied", "login_required", "interaction_required", "consent_required"}


@dataclass(frozen=True)
class Pending:
    """A sign-in that this browser has begun. `purpose` is sign_in, link or test."""

    state: str
    provider: str
    nonce: str
    verifier: str
    purpose: str
    next: str
    at: float


@dataclass(frozen=True)
class Proof:
    """Who somebody is, as a provider has proven it, and what it gave to ask again."""

    person: Person
    claims: dict[str, Any] = field(repr=False)
    tokens: dict[str, Any] = field(repr=False)

    @property
    def expires_at(self) -> float:
        """When the ID token expires."""
        return float(self.claims["exp"])


class _Client(OAuth2Client):  # type: ignore[misc]
    """authlib's client, whose every request goes through the door of its provider."""

    oauth_error_class = OAuthError


def callback_url(provider: IdentityProvider) -> str:
    """Where the provider sends the browser back to: what has to be entered over there."""
    return f"{settings.PUBLIC_URL}{reverse('finish_sign_in', args=[provider.name])}"


def begin(request: HttpRequest, provider: IdentityProvider, *, purpose: str, next: str = "/") -> str:
    """Remember a new sign-in in this browser and answer the provider's address for it.

    Raises SignInFailed and ProviderDown.
    """
    configuration = configuration_of(provider)
    pending = Pending(
        state=secrets.token_urlsafe(24),
        provider=str(provider.pk),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        purpose=purpose,
        next=next,
        at=time.time(),
    )
    kept = [row for row in request.session.get(_PENDING, []) if row["at"] > time.time() - PENDING_SECONDS]
    request.session[_PENDING] = [*kept[1 - MOST_PENDING :], pending.__dict__]
    if not request.user.is_authenticated:
        # Nobody needs it once the sign-in is done or given up.
        request.session.set_expiry(PENDING_SECONDS)
    url, _state = _client(provider, configuration).create_authorization_url(
        configuration.address("authorization_endpoint"),
        state=pending.state,
        code_verifier=pending.verifier,
        nonce=pending.nonce,
    )
    return str(url)


def take_pending(request: HttpRequest, provider: IdentityProvider) -> Pending:
    """The sign-in that came back, which thereby is used up. Raises SignInFailed."""
    state = request.GET.get("state", "")
    rows: list[dict[str, Any]] = request.session.get(_PENDING, [])
    found = next((Pending(**row) for row in rows if state and secrets.compare_digest(row["state"], state[:200])), None)
    if found is None or found.provider != str(provider.pk) or found.at < time.time() - PENDING_SECONDS:
        raise SignInFailed(
            "answer",
            _("This sign-in was not begun in this browser, is older than ten minutes, or was finished already."),
            next=_("Begin again from the sign-in page."),
        )
    request.session[_PENDING] = [row for row in rows if row["state"] != found.state]
    return found


def finish(provider: IdentityProvider, pending: Pending, given: Mapping[str, str]) -> Proof:
    """From what the browser brought back to a proof. Raises SignInFailed and ProviderDown, which name the check."""
    configuration = configuration_of(provider)
    if (issuer := given.get("iss")) and issuer != configuration.issuer:
        raise SignInFailed(
            "answer",
            _("The answer came from “%(found)s”, not from “%(issuer)s”.")
            % {"found": issuer[:200], "issuer": configuration.issuer},
            next=_("Begin again from the sign-in page."),
        )
    if error := given.get("error"):
        raise _declined(provider, error, given.get("error_description", ""))
    if not (code := given.get("code")):
        raise SignInFailed("answer", _("%(name)s sent no code back.") % {"name": provider.title})
    client = _client(provider, configuration)
    answer = _tokens(
        provider,
        "token",
        lambda: client.fetch_token(
            configuration.address("token_endpoint"),
            grant_type="authorization_code",
            code=code,
            code_verifier=pending.verifier,
        ),
    )
    if not isinstance(raw := answer.get("id_token"), str):
        raise SignInFailed(
            "token",
            _("%(name)s gave no ID token.") % {"name": provider.title},
            next=_("The scope openid has to be among the scopes."),
        )
    keys_of(provider)
    access_token = str(answer.get("access_token") or "")
    claims = read_id_token(provider, configuration, raw, nonce=pending.nonce, access_token=access_token)
    told = told_beside(provider, configuration, claims, access_token)
    return Proof(read_person(provider, claims, told), {**told, **claims}, kept_of(answer, {}))


def renew_tokens(provider: IdentityProvider, tokens: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's answer to the refresh token. What it rotates to must be kept before anything else is done.

    Raises NoLongerVouched, ProviderDown and SignInFailed.
    """
    configuration = configuration_of(provider)
    client = _client(provider, configuration)
    # Without scopes it asks for those that were granted; one that was not granted would be refused.
    client.scope = ""
    return _tokens(
        provider,
        "token",
        lambda: client.refresh_token(configuration.address("token_endpoint"), refresh_token=tokens["refresh_token"]),
    )


def kept_of(answer: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an answer: what asks again, and what signs out; never the access token."""
    return {
        name: value
        for name in ("refresh_token", "id_token")
        if isinstance(value := answer.get(name) or before.get(name), str)
    }


def prove_again(provider: IdentityProvider, subject: str, answer: Mapping[str, Any]) -> Person | None:
    """Who it is according to a refresh; None when the provider said nothing new about the person.

    Raises NoLongerVouched, ProviderDown and SignInFailed.
    """
    configuration = configuration_of(provider)
    access_token = str(answer.get("access_token") or "")
    claims: dict[str, Any] = {"sub": subject}
    raw = answer.get("id_token")
    if isinstance(raw, str):
        claims = read_id_token(provider, configuration, raw, access_token=access_token)
        if claims["sub"] != subject:
            raise NoLongerVouched("user", _("The refreshed ID token is about somebody else."))
    told = told_beside(provider, configuration, claims, access_token)
    if not isinstance(raw, str) and not told:
        return None
    return read_person(provider, claims, told, username_needed=False)


def told_beside(
    provider: IdentityProvider, configuration: Configuration, claims: Mapping[str, Any], access_token: str
) -> dict[str, Any]:
    """The userinfo, where the ID token lacks one of the claims and the provider has it. Raises ProviderDown and
    SignInFailed."""
    wanted = [name for name in (provider.username_claim, provider.email_claim, provider.groups_claim) if name]
    url = configuration.address("userinfo_endpoint")
    if not url or not access_token or all(name.partition(".")[0] in claims for name in wanted):
        return {}
    try:
        answer = Door(provider.allow_private_address).get(url, {"Authorization": f"Bearer {access_token}"})
        answer.raise_for_status()
        told = answer.json()
    except NotAnswered as error:
        raise ProviderDown("claims", _cannot(provider, error.detail), next=error.next) from error
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
        raise SignInFailed(
            "claims", _("The userinfo at %(url)s is not about the person of the ID token.") % {"url": shown(url)}
        )
    return told


def sign_out_url(provider: IdentityProvider, id_token: str) -> str:
    """Where somebody can sign out of the provider as well; "" where it offers no such place or cannot be asked."""
    try:
        url = configuration_of(provider).address("end_session_endpoint")
    except SignInFailed:
        return ""
    back = {"client_id": provider.client_id, "post_logout_redirect_uri": f"{settings.PUBLIC_URL}{reverse('sign_in')}"}
    hint = {"id_token_hint": id_token} if id_token else {}
    return str(add_params_to_uri(url, [*hint.items(), *back.items()])) if url else ""


def _client(provider: IdentityProvider, configuration: Configuration) -> OAuth2Client:
    secret = provider.client_secret
    client = _Client(
        session=Door(provider.allow_private_address),
        client_id=provider.client_id,
        client_secret=secret,
        token_endpoint_auth_method=configuration.client_proof if secret else "none",
        scope=provider.scopes,
        redirect_uri=callback_url(provider),
        code_challenge_method="S256",
    )
    client.register_client_auth_method(("client_secret_basic", _basic))
    return client


def _basic(client: Any, method: str, uri: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    """Name and secret as RFC 6749 (2.3.1) wants them: each encoded as in a form. authlib leaves that out."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return uri, headers, body


def _tokens(provider: IdentityProvider, check: str, ask: Callable[[], Any]) -> dict[str, Any]:
    """The token endpoint's answer. Raises NoLongerVouched for its refusals that are final, else SignInFailed or
    ProviderDown."""
    try:
        return dict(ask())
    except OAuthError as error:
        said = f"{error.error}: {error.description}" if error.description else str(error.error)
        kind = NoLongerVouched if error.error in _OVER else SignInFailed
        raise kind(
            check,
            _("%(name)s refused: %(said)s.") % {"name": provider.title, "said": said[:300].rstrip(".")},
            next=_advice(str(error.error)),
        ) from error
    except NotAnswered as error:
        raise ProviderDown(check, _cannot(provider, error.detail), next=error.next) from error
    except ValueError as error:
        raise ProviderDown(
            check, _cannot(provider, _("its token endpoint answers no JSON object")), next=_("Check the issuer.")
        ) from error


def _advice(error: str) -> str:
    match error:
        case "invalid_client" | "unauthorized_client":
            return _("An admin has to compare client ID and client secret with those at the provider.")
        case "invalid_grant":
            return _("Begin again from the sign-in page.")
        case "invalid_scope":
            return _("An admin has to compare the scopes with those that the client may have.")
    return _("Begin again; if it stays so, an admin finds more in the provider's log.")


def _declined(provider: IdentityProvider, error: str, description: str) -> SignInFailed:
    said = f"{error}: {description}" if description else error
    detail = _("%(name)s did not sign you in: %(said)s.")
    return SignInFailed(
        "answer",
        detail % {"name": provider.title, "said": said[:300].rstrip(".")},
        next=_("Begin again, or ask who administers the provider."),
    )


def _cannot(provider: IdentityProvider, why: str) -> str:
    return _("%(name)s cannot be asked: %(why)s.") % {"name": provider.title, "why": why}
