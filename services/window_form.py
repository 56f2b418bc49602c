"""Freeze windows as rows of a form. Values are judged by the command; a finding goes to the field its pointer names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.forms import formset_factory
from django.utils.translation import gettext_lazy as _

from services.models import Environment
from services.rules.freeze_windows import WEEKDAYS
from web.errors import SlipwayError

MOST = 50
TYPED = "%Y-%m-%dT%H:%M"
DAYS = zip(
    WEEKDAYS,
    (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
    strict=True,
)


class WindowForm(forms.Form):
    """One window. `starts` and `ends` are typed by the clock on the wall of `time_zone`, as the hours are."""

    name = forms.CharField(label=_("Name"), required=False, help_text=_("What people call it, such as: year end."))
    mode = forms.ChoiceField(
        label=_("What it does"),
        choices=[("block", _("blocks releases")), ("warn", _("only warns"))],
        required=False,
    )
    override_role = forms.ChoiceField(
        label=_("Who may override it"),
        choices=[
            ("", _("admins")),
            ("maintainer", _("maintainers")),
            ("approver", _("approvers and maintainers")),
            ("developer", _("developers and maintainers")),
        ],
        required=False,
    )
    repeats = forms.ChoiceField(
        label=_("How often"), choices=[("once", _("once")), ("weekly", _("every week"))], required=False
    )
    starts = forms.CharField(
        label=_("Starts"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    ends = forms.CharField(
        label=_("Ends"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    weekdays = forms.MultipleChoiceField(
        label=_("Days"), choices=list(DAYS), required=False, widget=forms.CheckboxSelectMultiple
    )
    begins_at = forms.CharField(
        label=_("From"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
    )
    ends_at = forms.CharField(
        label=_("To"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=_("No later than From: it ends on the next day."),
    )
    time_zone = forms.CharField(label=_("Time zone"), required=False, help_text=_("Such as Europe/Berlin. Empty: UTC."))

    def as_window(self) -> dict[str, Any]:
        """The window as the command takes it; texts that are no times stay as they are: the check names them."""
        typed = self.cleaned_data
        window: dict[str, Any] = {"name": typed["name"], "mode": typed["mode"] or "block"}
        window |= {"override_role": typed["override_role"]} if typed["override_role"] else {}
        zone = typed["time_zone"] or "UTC"
        if typed["repeats"] == "weekly":
            return window | {
                "weekdays": typed["weekdays"],
                "from": typed["begins_at"],
                "to": typed["ends_at"],
                "time_zone": zone,
            }
        return window | {"starts": _with_zone(typed["starts"], zone), "ends": _with_zone(typed["ends"], zone)}


FIELD_OF = {"from": "begins_at", "to": "ends_at"}
_Windows = formset_factory(WindowForm, extra=1, can_delete=True, max_num=MOST)


def windows_formset(environment: Environment, data: Any = None) -> Any:
    """The rows of an environment's windows, and one empty row for another."""
    return _Windows(data, prefix="window", initial=[_initial(window) for window in environment.freeze_windows])


def windows_typed(formset: Any) -> list[dict[str, Any]]:
    """The windows of the rows that hold something and are not to be removed, in order."""
    return [form.as_window() for form in kept_rows(formset)]


def kept_rows(formset: Any) -> list[WindowForm]:
    """The rows that become windows."""
    return [
        form
        for form in formset.forms
        if not form.cleaned_data.get("DELETE") and (form.has_changed() or form in formset.initial_forms)
    ]


def show_window_errors(formset: Any, error: SlipwayError) -> list[str]:
    """Put each finding at the field of the row that its pointer names. Answers those that belong to no row."""
    others = []
    rows = kept_rows(formset)
    for finding in error.fields.get("errors") or [{"pointer": "", "detail": error.detail}]:
        match = re.match(r"/freeze_windows/(\d+)(?:/(\w+))?", finding.get("pointer", ""))
        if match is None or int(match[1]) >= len(rows):
            others.append(" ".join(part for part in (finding["detail"], error.next) if part))
            continue
        row, name = rows[int(match[1])], FIELD_OF.get(match[2] or "", match[2] or "")
        row.add_error(name if name in row.fields else None, finding["detail"])
    return others


def zone_names() -> Iterable[str]:
    """The names of time zones, for a list to choose from."""
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def _initial(window: dict[str, Any]) -> dict[str, Any]:
    shown = {name: window.get(name, "") for name in ("name", "mode", "override_role")}
    if "starts" in window:
        typed = {edge: _typed(window[edge]) for edge in ("starts", "ends")}
        return shown | typed | {"repeats": "once", "time_zone": "UTC"}
    return shown | {
        "repeats": "weekly",
        "weekdays": window["weekdays"],
        "begins_at": window["from"],
        "ends_at": window["to"],
        "time_zone": window["time_zone"],
    }


def _typed(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime(TYPED)


def _with_zone(typed: str, zone: str) -> str:
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(zone)).isoformat()
    except (ValueError, KeyError, OSError):
        return typed
