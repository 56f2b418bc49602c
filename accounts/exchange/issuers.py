"""The public keys of issuers: found by discovery, kept for minutes, fetched anew when a key is not among them.

Only issuers that a CI identity names are asked, so that nobody makes Slipway call an address by sending a token.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.translation import gettext as _
from joserfc import jwk
from joserfc.errors import JoseError

from accounts.oidc.asking import Door, NotAnswered

FRESH_SECONDS = 300.0
# A key that is not there may have come since; asked no more often than this whatever is sent.
AGAIN_SECONDS = 10.0
# While the issuer is down, keys that it showed within this time are still taken for its own.
LASTING_SECONDS = 3600.0
MOST_BYTES = 256 * 1024
MOST_KEYS = 50
MOST_ISSUERS = 64
LEAST_RSA_BITS = 2048
clock = time.monotonic

Key = jwk.RSAKey | jwk.ECKey


class IssuerDown(Exception):
    """The issuer's keys could not be had; the text says why."""


@dataclass
class _Kept:
    """The keys of one issuer, by their ids, and when it was asked."""

    keys: dict[str, Key]
    fetched_at: float


_kept: OrderedDict[str, _Kept] = OrderedDict()
_lock = threading.Lock()


def key_of(issuer: str, kid: str, *, allow_private: bool) -> Key | None:
    """The key of that id, None when the issuer has no such key. Raises IssuerDown.

    A token that names no key is checked with the only one there is.
    """
    with _lock:
        kept = _kept.get(issuer)
    age = clock() - kept.fetched_at if kept else LASTING_SECONDS
    if kept is not None and age < FRESH_SECONDS and (_pick(kept, kid) or age < AGAIN_SECONDS):
        return _pick(kept, kid)
    try:
        fresh = _Kept(_fetched(issuer, allow_private=allow_private), clock())
    except IssuerDown:
        if kept is not None and age < LASTING_SECONDS and (found := _pick(kept, kid)):
            return found
        raise
    with _lock:
        _kept[issuer] = fresh
        _kept.move_to_end(issuer)
        while len(_kept) > MOST_ISSUERS:
            _kept.popitem(last=False)
    return _pick(fresh, kid)


def forget_keys() -> None:
    """Ask every issuer anew."""
    with _lock:
        _kept.clear()


def _pick(kept: _Kept, kid: str) -> Key | None:
    if kid:
        return kept.keys.get(kid)
    return next(iter(kept.keys.values())) if len(kept.keys) == 1 else None


def _fetched(issuer: str, *, allow_private: bool) -> dict[str, Key]:
    door = Door(allow_private)
    found = _json(door, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise IssuerDown(_("its configuration is that of another issuer"))
    place = found.get("jwks_uri")
    if not isinstance(place, str):
        raise IssuerDown(_("its configuration names no keys"))
    rows = _json(door, place).get("keys")
    if not isinstance(rows, list) or len(rows) > MOST_KEYS:
        raise IssuerDown(_("its keys cannot be read"))
    keys = {}
    for number, row in enumerate(rows):
        if key := _usable(row):
            keys[str(row.get("kid") or f"#{number}")] = key
    if not keys:
        raise IssuerDown(_("none of its keys can be used"))
    return keys


def _json(door: Door, url: str) -> dict[str, Any]:
    try:
        answer = door.get(url)
    except NotAnswered as error:
        raise IssuerDown(error.detail) from error
    if answer.status_code != 200:
        raise IssuerDown(_("%(url)s answered %(status)d") % {"url": url, "status": answer.status_code})
    if len(answer.body) > MOST_BYTES:
        raise IssuerDown(_("%(url)s answers more than %(size)d kB") % {"url": url, "size": MOST_BYTES // 1024})
    try:
        read = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise IssuerDown(_("%(url)s answers no JSON") % {"url": url}) from error
    if not isinstance(read, dict):
        raise IssuerDown(_("%(url)s answers no JSON object") % {"url": url})
    return read


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
