"""What may stand in a WebhookSource's row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from deployments.engine.read_strategy import StrategyInvalid, read_strategy
from deployments.strategy_words import problem_words
from services.models import Environment, Service
from web.errors import Invalid
from web.names import DNS_LABEL
from webhooks.matching import MOST_STARS, split
from webhooks.models import WebhookSource
from webhooks.payloads.push import Push

if TYPE_CHECKING:
    from accounts.models import Team

FIELDS = {"name", "kind", "rules", "is_active"}
RULE = {"match", "service", "environment", "image", "strategy", "supersede"}
MOST_RULES, LONGEST_MATCH = 50, 300
_NAME = re.compile(rf"\A{DNS_LABEL}\Z")
_REPOSITORY = re.compile(r"\A[a-z0-9*][a-z0-9*._/:-]*\Z", re.IGNORECASE)
_TAG = re.compile(r"\A[A-Za-z0-9_*][A-Za-z0-9._*-]{0,127}\Z")

Add = Callable[[str, str, str], None]


def checked_source(values: Mapping[str, Any], team: Team) -> dict[str, Any]:
    """The given fields, with every finding raised at once as Invalid. Services of rules are those of the team."""
    errors: list[dict[str, str]] = []

    def add(pointer: str, code: str, detail: str) -> None:
        errors.append({"pointer": pointer, "code": code, "detail": detail})

    for name in values:
        if name not in FIELDS:
            add(f"/{name}", "unknown_field", _("A source has no such field."))
    if "name" in values and not (isinstance(values["name"], str) and _NAME.match(values["name"])):
        add("/name", "dns_label", _("Use 1 to 63 lower-case letters, digits and hyphens."))
    if "kind" in values and values["kind"] not in WebhookSource.Kind.values:
        add("/kind", "choice", _("Choose one of: %(all)s.") % {"all": ", ".join(WebhookSource.Kind.values)})
    if not isinstance(values.get("is_active", True), bool):
        add("/is_active", "type", _("This is true or false."))
    rules = values.get("rules", [])
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        add("/rules", "type", _("Give a list of at most %(most)d rules.") % {"most": MOST_RULES})
        rules = []
    services = set(Service.objects.filter(team=team).values_list("name", flat=True)) if rules else set()
    environments = set(Environment.objects.values_list("name", flat=True)) if rules else set()
    for number, rule in enumerate(rules):
        _rule(f"/rules/{number}", rule, services, environments, add)
    if errors:
        raise Invalid(errors[0]["detail"], errors=errors)
    return dict(values)


def _rule(at: str, rule: Any, services: set[str], environments: set[str], add: Add) -> None:
    if not isinstance(rule, dict):
        add(at, "type", _("A rule is an object of match, service and environment."))
        return
    for name in rule:
        if name not in RULE:
            add(f"{at}/{name}", "unknown_field", _("A rule has no such field."))
    _match(f"{at}/match", rule.get("match"), add)
    if not _is_among(rule.get("service"), services):
        add(f"{at}/service", "does_not_exist", _("The team owns no service of that name."))
    if not _is_among(rule.get("environment"), environments):
        add(f"{at}/environment", "does_not_exist", _("There is no environment of that name."))
    if not isinstance(rule.get("supersede", False), bool):
        add(f"{at}/supersede", "type", _("This is true or false."))
    if "image" in rule and not (isinstance(rule["image"], str) and Push.of_image(f"{rule['image']}:x").is_sound):
        add(f"{at}/image", "invalid", _("Give an image without a tag, as registry.example/acme/checkout."))
    if "strategy" in rule:
        try:
            read_strategy(rule["strategy"])
        except StrategyInvalid as error:
            for problem in error.problems:
                add(f"{at}{problem.pointer}", problem.code, problem_words(problem))


def _is_among(value: Any, names: set[str]) -> bool:
    # What comes may be a list, which no set can be asked for.
    return isinstance(value, str) and value in names


def _match(at: str, pattern: Any, add: Add) -> None:
    if not isinstance(pattern, str) or not 1 <= len(pattern) <= LONGEST_MATCH or pattern.count("*") > MOST_STARS:
        add(at, "required", _("Say which images are meant, as acme/checkout:1.*."))
        return
    repository, tag = split(pattern)
    if not _REPOSITORY.match(repository) or repository.strip("*/") == "":
        add(at, "invalid", _("Name the repository, as acme/checkout; a star is anything but a slash."))
    elif tag is not None and not _TAG.match(tag):
        add(at, "invalid", _("A tag has letters, digits, dots, hyphens and stars."))
