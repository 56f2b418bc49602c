"""A gate of a plan in words."""

from __future__ import annotations

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.engine.json import Json


def gate_words(gate: Json) -> str:
    """What has to open, and when or by whom: `gate` as a plan lists it."""
    if gate["kind"] == "freeze_window":
        until = parse_datetime(str(gate.get("until") or ""))
        shown = date_format(localtime(until), "j M H:i T") if until else "–"
        return _("Freeze window “%(name)s” until %(until)s") % {"name": gate.get("name", ""), "until": shown}
    if gate["kind"] == "promotion":
        until = parse_datetime(str(gate.get("until") or ""))
        if until is None:
            return _("Promotion gate: proof in %(origin)s") % {"origin": gate["from"]}
        shown = date_format(localtime(until), "j M H:i T")
        return _("Promotion gate: it runs in %(origin)s until %(until)s first") % {
            "origin": gate["from"],
            "until": shown,
        }
    where = _("before it begins") if gate.get("gate") == "start" else _at_step(str(gate.get("gate") or ""))
    rules = ", ".join(_rule(rule) for rule in gate.get("rules") or [])
    return _("Approval %(where)s: %(rules)s") % {"where": where, "rules": rules}


def _at_step(gate: str) -> str:
    index = gate.removeprefix("step-")
    return _("at step %(number)d") % {"number": int(index) + 1} if index.isdecimal() else _("before the switch")


def _rule(rule: Json) -> str:
    words = ngettext("%(n)d voice of %(team)s", "%(n)d voices of %(team)s", rule["count"])
    return words % {"n": rule["count"], "team": rule["team"] or _("the owners")}
