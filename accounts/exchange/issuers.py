"""The public keys of issuers of CI tokens, found by discovery.

Only issuers that a CI identity names are asked, so that nobody makes Slipway call an address by sending a token.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from joserfc import jwk
from joserfc.errors import JoseError

from accounts.oidc import published
from accounts.oidc.asking import NotAnswered
from accounts.oidc.published import Issuer

MOST_KEYS = 50
LEAST_RSA_BITS = 2048

Key = jwk.RSAKey | jwk.ECKey


class IssuerDown(Exception):
    """The issuer's keys could not be had; the text says why."""


def key_of(issuer: str, kid: str, *, allow_private: bool) -> Key | None:
    """The key of that id, None when the issuer has no such key. Raises IssuerDown.

    A token that names no key is checked with the only one there is.
    """
    asked = Issuer(issuer, allow_private)
    try:
        keys = published.keys_of(
            asked,
            lambda: published.configuration_of(asked, partial(_place, issuer)),
            _read,
            is_enough=lambda keys: _pick(keys, kid) is not None,
            lasts=True,
        )
    except NotAnswered as error:
        raise IssuerDown(error.detail) from error
    return _pick(keys, kid)


def _pick(keys: dict[str, Key], kid: str) -> Key | None:
    if kid:
        return keys.get(kid)
    return next(iter(keys.values())) if len(keys) == 1 else None


def _place(issuer: str, found: dict[str, Any]) -> str:
    """Where its keys are, by its configuration."""
    if found.get("issuer") != issuer:
        raise IssuerDown(_("its configuration is that of another issuer"))
    place = found.get("jwks_uri")
    if not isinstance(place, str):
        raise IssuerDown(_("its configuration names no keys"))
    return place


def _read(found: dict[str, Any]) -> dict[str, Key]:
    rows = found.get("keys")
    if not isinstance(rows, list) or len(rows) > MOST_KEYS:
        raise IssuerDown(_("its keys cannot be read"))
    keys = {}
    for number, row in enumerate(rows):
        if key := _usable(row):
            keys[str(row.get("kid") or f"#{number}")] = key
    if not keys:
        raise IssuerDown(_("none of its keys can be used"))
    return keys


def _usable(row: Any) -> Key | None:
    """A key for signatures that is long enough; None for any other, a shared secret above all."""
    if not isinstance(row, dict) or row.get("kty") not in {"RSA", "EC"} or row.get("use", "sig") != "sig":
        return None
    try:
        key = jwk.import_key(row)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, jwk.RSAKey):
        return key if key.public_key.key_size >= LEAST_RSA_BITS else None
    return key if isinstance(key, jwk.ECKey) else None
