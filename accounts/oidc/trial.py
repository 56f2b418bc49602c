"""What came of a test of a provider: each check with its outcome, the claims, and what would have been done."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.oidc.errors import CHECKS, SignInFailed
from accounts.oidc.rules import gifts_of, stays_admin
from web.redact import redacted

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from accounts.models import IdentityProvider
    from accounts.oidc.flow import Proof
    from accounts.oidc.person import Person
    from accounts.oidc.recognise import Recognised

_KEPT = "provider_trials"
MOST_SHOWN = 100


@dataclass(frozen=True)
class Trial:
    """`check` is the one that failed, "" when none did; `detail` and `next` are its sentences."""

    check: str = ""
    detail: str = ""
    next: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    who: str = ""
    gives: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None
    at: str = ""

    @classmethod
    def failed(cls, failure: SignInFailed, proof: Proof | None = None) -> Trial:
        """A test that ended at a check."""
        seen = _seen(proof.claims, proof.person) if proof else {}
        return cls(check=failure.check, detail=failure.detail, next=str(failure.next), at=_now(), **seen)

    @classmethod
    def passed(cls, provider: IdentityProvider, proof: Proof, found: Recognised) -> Trial:
        """A test that passed them all."""
        sentences = {
            "linked": _("This is %(user)s, who is linked already."),
            "email": _("This is %(user)s by the verified e-mail address; the first sign-in links the account."),
            "new": _("The first sign-in makes the account %(user)s."),
        }
        return cls(
            at=_now(),
            who=sentences[found.how] % {"user": found.username},
            gives=_gives(provider, proof.person, found),
            **_seen(proof.claims, proof.person),
        )

    @property
    def checks(self) -> list[tuple[str, str]]:
        """Every check in order: what it is, and its state: passed, failed, or skipped as it was not reached."""
        names = list(CHECKS)
        ended = names.index(self.check) if self.check in names else len(names)
        states = ["passed" if i < ended else "failed" if i == ended else "skipped" for i in range(len(names))]
        return [(str(CHECKS[name]), state) for name, state in zip(names, states, strict=True)]

    @property
    def seen_at(self) -> datetime | None:
        """When it was."""
        return parse_datetime(self.at)


def keep_trial(request: HttpRequest, provider: IdentityProvider, trial: Trial) -> None:
    """Remember it for the page that shows it, in this browser alone."""
    request.session[_KEPT] = {str(provider.pk): asdict(trial)}


def last_trial(request: HttpRequest, provider: IdentityProvider) -> Trial | None:
    """The last test of this provider in this browser."""
    kept = request.session.get(_KEPT, {}).get(str(provider.pk))
    return Trial(**{**kept, "gives": tuple(kept["gives"])}) if kept else None


def _seen(claims: dict[str, Any], person: Person) -> dict[str, Any]:
    shown = dict(sorted(redacted(claims).items())[:MOST_SHOWN])
    return {"claims": {name: _short(value) for name, value in shown.items()}, "groups": person.groups}


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 500 else f"{text[:500]}…"


def _gives(provider: IdentityProvider, person: Person, found: Recognised) -> tuple[str, ...]:
    gifts = gifts_of(provider, person.groups or ())
    roles = tuple(
        _("%(role)s in team %(team)s, %(where)s")
        % {"role": row.role, "team": row.team.name, "where": row.environment or _("every environment")}
        for row in gifts.memberships
    )
    if gifts.admin:
        return (*roles, _("admin"))
    if person.groups is not None and found.identity and stays_admin(found.identity):
        return (*roles, _("admin stays, though no rule gives it: no other active admin could sign in"))
    return roles


def _now() -> str:
    return timezone.now().isoformat()
