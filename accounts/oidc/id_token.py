"""Judging an ID token: signature, issuer, audience, times, nonce. Each refusal is a sentence for the person at it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from django.utils.translation import gettext as _
from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jws import JWSRegistry

from accounts.models import IdentityProvider
from accounts.oidc.discovery import Configuration, keys_of
from accounts.oidc.errors import SignInFailed

# Clocks may differ by three minutes.
LEEWAY_SECONDS = 180
_TIMES = {"exp", "iat", "nbf", "auth_time"}
_CHECK_OF = {"iss": "issuer", "aud": "audience", "azp": "audience", "nonce": "nonce"} | dict.fromkeys(_TIMES, "times")


def read_id_token(
    provider: IdentityProvider,
    configuration: Configuration,
    raw: str,
    *,
    nonce: str = "",
    access_token: str = "",
) -> dict[str, Any]:
    """The claims of a token that passed every check. Without `nonce` (after a refresh) none is looked for.

    Raises SignInFailed and ProviderDown.
    """
    token = _signed(provider, configuration, raw)
    claims = CodeIDToken(
        token.claims,
        token.header,
        {"iss": {"value": configuration.issuer}, "aud": {"value": provider.client_id}},
        {"client_id": provider.client_id, "nonce": nonce, "access_token": access_token},
    )
    now = int(time.time())
    try:
        claims.validate(now=now, leeway=LEEWAY_SECONDS)
    except ClaimError as error:
        raise _refused(provider, configuration, claims, error, now) from error
    except JoseError as error:
        raise SignInFailed("claims", _("The ID token cannot be used: %(why)s.") % {"why": error.error}) from error
    if now - int(claims["iat"]) > LEEWAY_SECONDS:
        # It was made for this very request: an old one comes from a clock that is behind, or from an older sign-in.
        raise _clocks(provider, int(claims["iat"]), now)
    return dict(claims)


def _signed(provider: IdentityProvider, configuration: Configuration, raw: str) -> jwt.Token:
    registry = JWSRegistry(algorithms=configuration.algorithms, strict_check_header=False)
    try:
        try:
            return jwt.decode(raw, keys_of(provider), registry=registry)
        except (InvalidKeyIdError, BadSignatureError):
            # Keys rotate: the one that signed may be younger than those that are kept.
            return jwt.decode(raw, keys_of(provider, anew=True), registry=registry)
    except BadSignatureError:
        detail = _("The ID token is signed by none of the keys of %(name)s.") % {"name": provider.title}
    except InvalidKeyIdError:
        detail = _("The ID token names a key that %(name)s does not publish.") % {"name": provider.title}
    except (JoseError, ValueError, TypeError) as error:
        detail = _("The signature of the ID token is of a kind that is not accepted, or it is no token: %(why)s.") % {
            "why": getattr(error, "description", "") or type(error).__name__
        }
    accepted = ", ".join(configuration.algorithms) or _("none of those that the provider offers")
    raise SignInFailed(
        "signature",
        detail,
        next=_("Accepted signatures: %(all)s. An admin finds them at the client.") % {"all": accepted},
    )


def _refused(
    provider: IdentityProvider, configuration: Configuration, claims: CodeIDToken, error: ClaimError, now: int
) -> SignInFailed:
    check = _CHECK_OF.get(error.claim, "claims")
    values = {
        "name": provider.title,
        "claim": error.claim,
        "found": str(claims.get(error.claim))[:200],
        "issuer": configuration.issuer,
        "client": provider.client_id,
    }
    match check:
        case "issuer":
            return SignInFailed(check, _("The ID token was issued by “%(found)s”, not by “%(issuer)s”.") % values)
        case "audience":
            return SignInFailed(
                check,
                _("The ID token is for “%(found)s”, not for the client “%(client)s”.") % values,
                next=_("Compare the client ID here with the one at the provider."),
            )
        case "nonce":
            return SignInFailed(
                check,
                _("The ID token was made for another sign-in: its nonce is not ours."),
                next=_("Begin again. If it happens again, somebody may be replaying tokens: tell an admin."),
            )
        case "times" if isinstance(error, ExpiredTokenError):
            return _clocks(provider, int(claims["exp"]), now, expired=True)
        case "times" if isinstance(claims.get("iat"), int | float):
            return _clocks(provider, int(claims["iat"]), now)
    return SignInFailed(check, _("The claim %(claim)s of the ID token is missing or cannot be used.") % values)


def _clocks(provider: IdentityProvider, theirs: int, now: int, *, expired: bool = False) -> SignInFailed:
    minutes = abs(now - theirs) / 60
    values = {
        "name": provider.title,
        "minutes": f"{minutes:.0f}",
        "theirs": _hour(theirs),
        "ours": _hour(now),
        "most": LEEWAY_SECONDS // 60,
    }
    if expired:
        detail = _("The ID token expired at %(theirs)s; this machine's clock says %(ours)s.")
    elif theirs > now:
        detail = _(
            "The clocks differ: %(name)s issued the ID token at %(theirs)s, %(minutes)s minutes after this machine's "
            "%(ours)s. At most %(most)d minutes are tolerated."
        )
    else:
        detail = _(
            "The clocks differ: %(name)s issued the ID token at %(theirs)s, %(minutes)s minutes before this machine's "
            "%(ours)s. At most %(most)d minutes are tolerated."
        )
    return SignInFailed("times", detail % values, next=_("Set both clocks by NTP, then begin again."))


def _hour(at: int) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return str(at)[:20]
