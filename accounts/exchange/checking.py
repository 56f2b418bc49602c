"""Checking a CI job's token against the CI identities, one check after the other, each with what it found.

The order matters: nothing is believed of a token but its issuer's name before its signature was checked, and that only
to find the keys of an issuer that is trusted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from joserfc import jwt
from joserfc.errors import JoseError

from accounts.exchange.claims import unmatched
from accounts.exchange.issuers import IssuerDown, key_of
from accounts.models import CiIdentity
from web.parsers import is_too_deep

# Signatures by a key pair only. `none` proves nothing, and HS… would take the public key for a shared secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_SECONDS = 60
LONGEST = 16 * 1024
CHECKS = {
    "form": gettext_lazy("It is a signed token, by an algorithm that is accepted"),
    "issuer": gettext_lazy("Its issuer is one that a CI identity names"),
    "keys": gettext_lazy("The issuer's keys were fetched, and the one it is signed with is among them"),
    "signature": gettext_lazy("It is signed by that key"),
    "times": gettext_lazy("It is valid now"),
    "audience": gettext_lazy("It was made for this portal"),
    "claims": gettext_lazy("Its claims match a CI identity"),
    "identity": gettext_lazy("It is clear which CI identity is meant"),
}


@dataclass(frozen=True)
class RuleLooked:
    """How one CI identity stood to the token: which of its claims did not match."""

    identity: CiIdentity
    is_audience: bool
    unmatched: list[str]


@dataclass
class Checked:
    """What the checks found. `failed` names the one at which they stopped, with `detail`."""

    claims: dict[str, Any] = field(default_factory=dict)
    failed: str = ""
    detail: str = ""
    is_issuer_down: bool = False
    identity: CiIdentity | None = None
    looked: list[RuleLooked] = field(default_factory=list)

    def steps(self) -> list[tuple[str, str, str]]:
        """(check, state, words) of each: succeeded, failed or pending, where it was not reached."""
        states, state = [], "succeeded"
        for name, words in CHECKS.items():
            if name == self.failed:
                states.append((name, "failed", f"{words}: {self.detail}"))
                state = "pending"
            else:
                states.append((name, state, str(words)))
        return states

    @property
    def fingerprint(self) -> str:
        """What tells this token from every other of its issuer."""
        return hashlib.sha256(f"{self.claims['iss']}\n{self.claims['jti']}".encode()).hexdigest()


class _Failed(Exception):
    def __init__(self, check: str, detail: str, *, is_issuer_down: bool = False) -> None:
        super().__init__(detail)
        self.check, self.detail, self.is_issuer_down = check, detail, is_issuer_down


def check_token(raw: str, identities: Sequence[CiIdentity], named: str = "") -> Checked:
    """Look at a token; `identities` are the rules that count, in their order. Fetches the issuer's keys.

    `named` is the CI identity that the job means; "" for whichever matches. Where those of several teams match, none
    counts unless it was named: by a rule of its own no team gets the jobs of another one, and by naming theirs no job
    is stopped by it. The name is looked at last, so that nobody but a job that is let in learns which names there are.
    """
    checked = Checked()
    try:
        header, unproven = _read(raw)
        rules = [rule for rule in identities if rule.issuer == unproven.get("iss")]
        if not rules:
            raise _Failed("issuer", _("no CI identity trusts its issuer"))
        checked.claims = _proven(raw, header, rules)
        # Of what is signed alone: who has seen a signature on a curve can make another one that is as good.
        checked.claims.setdefault("jti", hashlib.sha256(raw.rpartition(".")[0].encode()).hexdigest())
        _require_times(checked.claims)
        checked.looked = [
            RuleLooked(rule, rule.audience in _audiences(checked.claims), unmatched(rule.claims, checked.claims))
            for rule in rules
        ]
        meant = [one for one in checked.looked if one.is_audience]
        if not meant:
            raise _Failed("audience", _("it was made for another audience"))
        matching = [one.identity for one in meant if not one.unmatched]
        if not matching:
            raise _Failed("claims", _("its claims match no CI identity"))
        counting = [one for one in matching if _is_meant(one, named)]
        if not counting:
            raise _Failed("identity", _("no CI identity that matches this job has the name that it sent"))
        if len({one.team_id for one in counting}) > 1:
            raise _Failed("identity", _("CI identities of several teams match this job, and it named none of them"))
        checked.identity = counting[0]
    except _Failed as failure:
        checked.failed, checked.detail = failure.check, failure.detail
        checked.is_issuer_down = failure.is_issuer_down
    return checked


def _is_meant(rule: CiIdentity, named: str) -> bool:
    return not named or rule.name.lower() == named.lower()


def _read(raw: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand there: not to be believed yet."""
    parts = raw.split(".")
    if len(raw) > LONGEST or len(parts) != 3 or not raw.isascii():
        raise _Failed("form", _("it has not three parts, or is too long"))
    header, claims = (_object(part) for part in parts[:2])
    if header is None or claims is None:
        raise _Failed("form", _("its parts are no JSON"))
    if header.get("alg") not in ALGORITHMS:
        raise _Failed("form", _("its algorithm is none of %(known)s") % {"known": ", ".join(ALGORITHMS)})
    return header, claims


def _object(part: str) -> dict[str, Any] | None:
    try:
        text = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        read = None if is_too_deep(text) else orjson.loads(text)
    except (binascii.Error, orjson.JSONDecodeError):
        return None
    return read if isinstance(read, dict) else None


def _proven(raw: str, header: dict[str, Any], rules: Sequence[CiIdentity]) -> dict[str, Any]:
    allow_private = any(rule.allow_private_address for rule in rules)
    try:
        key = key_of(rules[0].issuer, str(header.get("kid") or ""), allow_private=allow_private)
    except IssuerDown as down:
        said = _("the keys of its issuer cannot be had: %(why)s") % {"why": down}
        raise _Failed("keys", said, is_issuer_down=True) from down
    if key is None:
        raise _Failed("keys", _("its issuer has no key of that id"))
    try:
        return dict(jwt.decode(raw, key, algorithms=[header["alg"]]).claims)
    except (JoseError, ValueError) as error:
        raise _Failed("signature", _("the signature is not that of its issuer")) from error


def _require_times(claims: dict[str, Any]) -> None:
    now = timezone.now().timestamp()
    ends = claims.get("exp")
    if not isinstance(ends, int | float) or isinstance(ends, bool):
        raise _Failed("times", _("it says not when it ends"))
    if ends + LEEWAY_SECONDS <= now:
        raise _Failed("times", _("it ended %(seconds)d seconds ago") % {"seconds": now - ends})
    for name in ("nbf", "iat"):
        begins = claims.get(name, 0)
        if not isinstance(begins, int | float) or begins - LEEWAY_SECONDS > now:
            raise _Failed("times", _("it begins later than now by this clock"))


def _audiences(claims: dict[str, Any]) -> list[Any]:
    said = claims.get("aud")
    return said if isinstance(said, list) else [said]
