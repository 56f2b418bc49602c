"""The promotion gate of an environment: where, and for how long, an image has to run before it may be released here."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from services.models import Environment
from services.rules.findings import Findings
from web.errors import Invalid

LONGEST_SOAK = 30 * 24 * 60 * 60
FIELDS = {"from", "soak_seconds", "require_success", "require_same_image"}


def checked_promotion(findings: Findings, pointer: str, value: Any) -> dict[str, Any] | None:
    """The gate with every field filled in, None for none; what is wrong goes to `findings`."""
    if value is None:
        return None
    members = findings.members(pointer, value, known=FIELDS)
    return {
        "from": findings.name(f"{pointer}/from", members.get("from", "")),
        "soak_seconds": findings.whole_number(
            f"{pointer}/soak_seconds", members.get("soak_seconds", 0), least=0, most=LONGEST_SOAK
        ),
        "require_success": _flag(findings, f"{pointer}/require_success", members.get("require_success", True)),
        "require_same_image": _flag(findings, f"{pointer}/require_same_image", members.get("require_same_image", True)),
    }


def require_origin(name: str, clean: dict[str, Any]) -> None:
    """Raises Invalid where the gate of environment `name` leads to no environment, to itself, or in a circle: no image
    could ever pass it."""
    gate = clean.get("promotion")
    if not gate:
        return
    leads_to = {
        environment: (one or {}).get("from")
        for environment, one in Environment.objects.values_list("name", "promotion")
    }
    if gate["from"] not in leads_to and gate["from"] != name:
        words = _("There is no environment “%(name)s”.") % {"name": gate["from"]}
        raise Invalid.at("/promotion/from", "unknown_environment", words)
    seen, here = {name}, gate["from"]
    while here and here not in seen:
        seen.add(here)
        here = leads_to.get(here)
    if here:
        words = _("Images would have to be in %(name)s already before they may come there. Name a lower environment.")
        raise Invalid.at("/promotion/from", "circle", words % {"name": here})


def _flag(findings: Findings, pointer: str, value: Any) -> bool:
    if not isinstance(value, bool):
        findings.add(pointer, "type", _("This is true or false."))
        return True
    return value
