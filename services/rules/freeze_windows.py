"""Freeze windows of an environment: once (`starts`, `ends`) or weekly (`weekdays`, `from`, `to`, `time_zone`).

No free recurrence rules: some of them never end (RFC 5545 makes that easy to write by mistake).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from services.rules.findings import Findings

ONCE = {"starts", "ends"}
WEEKLY = {"weekdays", "from", "to", "time_zone"}
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MODES = ["block", "warn"]
OVERRIDE_ROLES = ["developer", "approver", "maintainer", "admin"]
_TIME = re.compile(r"\A(?:[01]\d|2[0-3]):[0-5]\d\Z")


def checked_windows(findings: Findings, pointer: str, value: Any) -> list[dict[str, Any]]:
    """The windows, cleaned; what is wrong goes to `findings`."""
    return [
        _window(findings, f"{pointer}/{index}", window)
        for index, window in enumerate(findings.items(pointer, value, most=50))
    ]


def _window(findings: Findings, here: str, value: Any) -> dict[str, Any]:
    members = findings.members(here, value, known={"name", "mode", "override_role"} | ONCE | WEEKLY)
    clean: dict[str, Any] = {
        "name": findings.text(f"{here}/name", members.get("name", ""), longest=80),
        "mode": findings.choice(f"{here}/mode", members.get("mode", "block"), MODES),
    }
    if members.get("override_role"):
        clean["override_role"] = findings.choice(f"{here}/override_role", members["override_role"], OVERRIDE_ROLES)
    is_once, is_weekly = bool(ONCE & members.keys()), bool(WEEKLY & members.keys())
    if is_once == is_weekly:
        findings.add(here, "window", _("Give either starts and ends, or weekdays, from, to and time_zone."))
    elif is_once:
        clean |= _once(findings, here, members)
    else:
        clean |= _weekly(findings, here, members)
    return clean


def _once(findings: Findings, here: str, members: dict[str, Any]) -> dict[str, str]:
    starts = _moment(findings, f"{here}/starts", members.get("starts"))
    ends = _moment(findings, f"{here}/ends", members.get("ends"))
    if starts and ends and starts >= ends:
        findings.add(f"{here}/ends", "order", _("A window ends after it starts."))
    return {
        "starts": starts.isoformat() if starts else "",
        "ends": ends.isoformat() if ends else "",
    }


def _weekly(findings: Findings, here: str, members: dict[str, Any]) -> dict[str, Any]:
    weekdays = findings.items(f"{here}/weekdays", members.get("weekdays", []), most=7)
    if not weekdays or any(day not in WEEKDAYS for day in weekdays):
        findings.add(f"{here}/weekdays", "weekdays", _("Name the days as a list of mon, tue, wed, thu, fri, sat, sun."))
        weekdays = []
    clean: dict[str, Any] = {"weekdays": [day for day in WEEKDAYS if day in weekdays]}
    for edge in ("from", "to"):
        clean[edge] = members.get(edge, "")
        if not isinstance(clean[edge], str) or not _TIME.match(clean[edge]):
            findings.add(f"{here}/{edge}", "time", _("Give the time of day as HH:MM."))
    zone = members.get("time_zone", "UTC")
    try:
        clean["time_zone"] = ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        findings.add(f"{here}/time_zone", "time_zone", _("Name a time zone such as UTC or Europe/Berlin."))
    return clean


def _moment(findings: Findings, pointer: str, value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        findings.add(pointer, "time", _("Give a time with its offset, such as 2027-01-01T08:00:00Z."))
        return None
    return moment
