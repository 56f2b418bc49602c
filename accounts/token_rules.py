"""What may stand in a Token's row, and how long a token may last here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import SCOPES, team_names
from web.errors import Invalid
from web.names import DNS_LABEL

LONGEST = timedelta(days=3650)
USUAL = timedelta(days=90)
LONGEST_OVERLAP = timedelta(hours=24)
MOST_NAMES = 50
_NAME = re.compile(rf"\A{DNS_LABEL}\Z")

Findings = list[dict[str, str]]


@dataclass(frozen=True)
class Reach:
    """What a token is narrowed to; an empty part narrows nothing."""

    scopes: Sequence[str] = ()
    teams: Sequence[str] = ()
    services: Sequence[str] = ()
    environments: Sequence[str] = ()


def longest_here() -> timedelta | None:
    """How long tokens may last by the policy of this installation; None: until they are revoked."""
    days: int = settings.TOKEN_MAX_DAYS
    return timedelta(days=days) if days else None


def name_findings(name: str) -> Findings:
    """What is wrong with a token's name."""
    if name.strip() and len(name) <= 100 and name.isprintable():
        return []
    return [{"pointer": "/name", "code": "invalid", "detail": _("A token's name has 1 to 100 characters.")}]


def span_findings(lasts: timedelta | None, pointer: str = "/expires") -> Findings:
    """What is wrong with how long a token is to last."""
    if lasts is not None and not timedelta(0) < lasts <= LONGEST:
        detail = _("A token lasts at least a moment and at most ten years.")
        return [{"pointer": pointer, "code": "invalid", "detail": detail}]
    longest = longest_here()
    if longest is not None and (lasts is None or lasts > longest):
        detail = _("Tokens last at most %(days)d days here.") % {"days": longest.days}
        return [{"pointer": pointer, "code": "too_long", "detail": detail}]
    return []


def reach_findings(user: User, reach: Reach) -> Findings:
    """What is wrong with what a token of this user is to be narrowed to."""
    found: Findings = []
    for unknown in sorted(set(reach.scopes) - set(SCOPES)):
        detail = _("There is no scope “%(scope)s”. These are there: %(all)s.")
        said = detail % {"scope": unknown[:100], "all": ", ".join(SCOPES)}
        found.append({"pointer": "/scopes", "code": "invalid_choice", "detail": said})
    for part in ("teams", "services", "environments"):
        names: Sequence[str] = getattr(reach, part)
        if len(names) > MOST_NAMES or not all(_NAME.match(name) for name in names):
            detail = _("Give at most %(most)d names of lower-case letters, digits and hyphens.")
            found.append({"pointer": f"/{part}", "code": "invalid", "detail": detail % {"most": MOST_NAMES}})
    unknown_teams = sorted(set(reach.teams) - set(team_names(user))) if reach.teams else []
    if unknown_teams:
        detail = _("%(user)s is in no team %(teams)s.") % {
            "user": user.username,
            "teams": ", ".join(name[:63] for name in unknown_teams),
        }
        found.append({"pointer": "/teams", "code": "does_not_exist", "detail": detail})
    return found


def raise_findings(what: str, findings: Findings) -> None:
    """Raises Invalid with all of them, if there are any."""
    if findings:
        raise Invalid(what, errors=findings)
