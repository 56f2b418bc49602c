"""What may stand in a CiIdentity's row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.exchange.claims import MOST_STARS, PINS, pins
from accounts.models import CiIdentity, User
from accounts.models.ci_identities import LONGEST_LIFETIME_SECONDS
from accounts.oidc.asking import checked_url
from accounts.permissions import SCOPES
from web.errors import Invalid
from web.names import DNS_LABEL
from web.outbound import AddressRefused

ISSUERS = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}
FIELDS = {
    *("name", "provider", "issuer", "audience", "claims", "scopes", "services", "environments"),
    *("lifetime_seconds", "order", "is_active", "allow_private_address"),
}
# Addresses of pages and calls beside those of identities.
RESERVED = {"try"}
SHORTEST_LIFETIME_SECONDS, MOST_ORDER, MOST_CLAIMS, LONGEST_PATTERN = 60, 10_000, 12, 300
_NAME = re.compile(rf"\A{DNS_LABEL}\Z")
_CLAIM = re.compile(r"\A[A-Za-z0-9_./:-]{1,100}\Z")


def with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a new identity has where nothing is said."""
    provider = str(values.get("provider", ""))
    usual = {
        "name": "",
        "claims": {},
        "scopes": ["deploy"],
        "issuer": ISSUERS.get(provider, ""),
        "audience": settings.PUBLIC_URL,
    }
    return usual | {name: value for name, value in values.items() if value not in ("", None)}


def checked_identity(values: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """The given fields, with every finding raised at once as Invalid. `provider` is that of the identity."""
    errors: list[dict[str, str]] = []

    def add(pointer: str, code: str, detail: str) -> None:
        errors.append({"pointer": pointer, "code": code, "detail": detail})

    for name in values:
        if name not in FIELDS:
            add(f"/{name}", "unknown_field", _("A CI identity has no such field."))
    if provider not in CiIdentity.Provider.values:
        add("/provider", "choice", _("Choose one of: %(all)s.") % {"all": ", ".join(CiIdentity.Provider.values)})
    _text(values, add)
    _claims(values, provider, add)
    _names(values, add)
    for name, least, most in (
        ("lifetime_seconds", SHORTEST_LIFETIME_SECONDS, LONGEST_LIFETIME_SECONDS),
        ("order", 0, MOST_ORDER),
    ):
        given = values.get(name, least)
        if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
            add(f"/{name}", "range", _("Give a number from %(least)d to %(most)d.") % {"least": least, "most": most})
    for flag in ("is_active", "allow_private_address"):
        if not isinstance(values.get(flag, False), bool):
            add(f"/{flag}", "type", _("This is true or false."))
    if errors:
        raise Invalid(errors[0]["detail"], errors=errors)
    return dict(values)


def robot_named(by: User, username: Any) -> User:
    """The robot of that user name, of a team that the person sees. Raises Invalid."""
    robots = User.objects.filter(kind=User.Kind.ROBOT, is_active=True).select_related("robot_of")
    if not by.is_admin:
        robots = robots.filter(robot_of__in=by.memberships.values("team"))
    found = robots.filter(username=username).first() if isinstance(username, str) else None
    if found is None:
        raise Invalid.at("/robot", "does_not_exist", _("There is no such robot in a team of yours."))
    return found


def _text(values: Mapping[str, Any], add: Any) -> None:
    name = values.get("name", "x")
    if not isinstance(name, str) or not _NAME.match(name) or name in RESERVED:
        add("/name", "dns_label", _("Use 1 to 63 lower-case letters, digits and hyphens."))
    audience = values.get("audience", "x")
    if not isinstance(audience, str) or not 1 <= len(audience) <= 500 or not audience.isprintable():
        add("/audience", "required", _("Say for whom the token has to be made, in 1 to 500 characters."))
    if "issuer" in values:
        try:
            issuer = str(values["issuer"])
            checked_url(issuer, allow_private=values.get("allow_private_address") is True)
            if "?" in issuer or len(issuer) > 500:
                raise AddressRefused("policy", _("the URL of an issuer has no query"))
        except AddressRefused as refusal:
            add("/issuer", "address", _("This address is not asked: %(why)s.") % {"why": refusal})


def _claims(values: Mapping[str, Any], provider: str, add: Any) -> None:
    rule = values.get("claims")
    if "claims" not in values or provider not in PINS:
        return
    if not isinstance(rule, dict) or not all(isinstance(pattern, str) for pattern in rule.values()):
        add("/claims", "type", _("Give an object of claims and patterns, both texts."))
        return
    for name, pattern in rule.items():
        if not _CLAIM.match(name):
            add("/claims", "claim", _("“%(name)s” is no name of a claim.") % {"name": name[:100]})
        elif not 1 <= len(pattern) <= LONGEST_PATTERN or pattern.count("*") > MOST_STARS or not pattern.isprintable():
            detail = _("A pattern has 1 to %(most)d characters and at most %(stars)d stars.")
            add(f"/claims/{name}", "pattern", detail % {"most": LONGEST_PATTERN, "stars": MOST_STARS})
    if len(rule) > MOST_CLAIMS:
        add("/claims", "too_many", _("Give at most %(most)d claims.") % {"most": MOST_CLAIMS})
    if not pins(provider, rule):
        detail = _("Name one repository or project in full, by one of: %(claims)s. Every other would be let in too.")
        add("/claims", "not_pinned", detail % {"claims": ", ".join(PINS[provider])})


def _names(values: Mapping[str, Any], add: Any) -> None:
    for part in ("services", "environments"):
        names = values.get(part, [])
        if not isinstance(names, list) or len(names) > 50 or not all(_NAME.match(str(name)) for name in names):
            add(f"/{part}", "invalid", _("Give a list of names of lower-case letters, digits and hyphens."))
    scopes = values.get("scopes", [])
    if not isinstance(scopes, list) or not set(map(str, scopes)) <= set(SCOPES):
        add("/scopes", "choice", _("Choose among: %(all)s.") % {"all": ", ".join(SCOPES)})
