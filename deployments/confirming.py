"""Where a click alone is not enough: production asks for the name of the service, or its own where several change."""

from __future__ import annotations

from django.utils.translation import gettext as _

from services.models import Colour, Environment, Target
from web.errors import Invalid


def asks_for_word(target: Target) -> bool:
    """Whether a person must type the name of the service: in protected and in production environments."""
    return asks_for_name(target.environment)


def wrong_word(target: Target, typed: str) -> Invalid | None:
    """Why the typed confirmation does not do; None when it does or none is needed."""
    if not asks_for_word(target) or typed.strip() == target.service.name:
        return None
    return Invalid.at(
        "/confirm",
        "confirm",
        _("Type “%(service)s” to confirm: this is %(environment)s.")
        % {"service": target.service.name, "environment": target.environment.name},
    )


def asks_for_name(environment: Environment) -> bool:
    """Whether a person must type the name of the environment where several services of it change."""
    return environment.protected or environment.colour == Colour.PROD


def wrong_name(environment: Environment, typed: str) -> Invalid | None:
    """Why the typed confirmation does not do; None when it does or none is needed."""
    if not asks_for_name(environment) or typed.strip() == environment.name:
        return None
    words = _("Type “%(environment)s” to confirm.") % {"environment": environment.name}
    return Invalid.at("/confirm", "confirm", words)
