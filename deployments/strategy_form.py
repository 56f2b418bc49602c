"""The form of a strategy: its fields, and its steps as rows that can be added, moved and removed without a script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.engine.json import Json
from deployments.engine.strategies import DEFAULT_STEPS
from deployments.step_text import KINDS, step_of, text_of

if TYPE_CHECKING:
    from django.http import QueryDict

MOST_ROWS = 60
KIND_WORDS = {
    "set_weight": _("weight"),
    "pause": _("pause"),
    "analysis": _("analysis"),
    "approval": _("approval"),
    "set_header_route": _("header route"),
    "set_mirror": _("mirror"),
}
COMMON = ("max_surge", "max_unavailable", "progress_deadline_seconds", "on_failure")
OF_CANARY = (
    *("traffic", "canary_replicas", "route_settle_seconds"),
    *("abort_scale_down_delay_seconds", "canary_ready_timeout_seconds"),
)
OF_BLUE_GREEN = (
    *("preview_replicas", "auto_promote_seconds", "auto_abort_seconds"),
    *("scale_down_delay_seconds", "abort_scale_down_delay_seconds"),
)
RUNS = ("analysis", "pre_promotion", "post_promotion")
PARTS = (*RUNS, "approval")


class StrategyForm(forms.Form):
    """Everything but the steps. Text as typed: what is wrong with it is said by the reader of strategies."""

    type = forms.ChoiceField(
        label=_("Strategy"),
        required=False,
        choices=[
            ("", _("no default of its own")),
            ("rolling", _("Rolling update: pods are replaced in waves")),
            ("canary", _("Canary: a growing share, step by step")),
            ("blue_green", _("Blue-green: all at once, after a preview")),
        ],
    )
    traffic = forms.ChoiceField(
        label=_("Traffic is shared by"),
        required=False,
        choices=[
            ("replicas", _("the number of pods")),
            ("istio", "Istio"),
            ("gateway_api", "Gateway API"),
            ("nginx", "nginx ingress"),
        ],
    )
    analysis = forms.CharField(
        label=_("Analysis in the background"),
        required=False,
        help_text=_("Names of templates, measured from the first weight on. One that fails aborts."),
    )
    canary_replicas = forms.CharField(
        label=_("Canary pods"), required=False, help_text=_("A fixed number; needs a router. Empty: by weight.")
    )
    route_settle_seconds = forms.CharField(label=_("A route settles in, seconds"), required=False)
    canary_ready_timeout_seconds = forms.CharField(
        label=_("Canary pods beside an autoscaler are ready within, seconds"), required=False
    )
    preview_replicas = forms.CharField(
        label=_("Preview pods"), required=False, help_text=_("Before the switch. Empty: as many as run now.")
    )
    auto_promote_seconds = forms.CharField(
        label=_("Switch by itself after, seconds"), required=False, help_text=_("Empty: a person switches.")
    )
    auto_abort_seconds = forms.CharField(
        label=_("Abort by itself after, seconds"), required=False, help_text=_("Empty: it waits.")
    )
    pre_promotion = forms.CharField(
        label=_("Analysis before the switch"), required=False, help_text=_("Names of templates.")
    )
    approval = forms.CharField(
        label=_("Approval before the switch"),
        required=False,
        help_text=_("How many voices, and of which team: 2 payments. Empty: none is asked."),
    )
    post_promotion = forms.CharField(
        label=_("Analysis after the switch"), required=False, help_text=_("Names of templates.")
    )
    scale_down_delay_seconds = forms.CharField(
        label=_("Old pods stay for, seconds"), required=False, help_text=_("The way back is one write until then.")
    )
    abort_scale_down_delay_seconds = forms.CharField(
        label=_("New pods stay after an abort for, seconds"), required=False
    )
    max_surge = forms.CharField(
        label=_("Extra pods"), required=False, help_text=_("2 or 25%. Empty: as the workload says.")
    )
    max_unavailable = forms.CharField(
        label=_("Pods that may be missing"), required=False, help_text=_("0 or 25%. Empty: as the workload says.")
    )
    progress_deadline_seconds = forms.CharField(
        label=_("Deadline, seconds"), required=False, help_text=_("Without another ready pod until it fails.")
    )
    on_failure = forms.ChoiceField(
        label=_("When it fails"),
        required=False,
        choices=[("", _("go back to the old version")), ("pause", _("stop and wait for a person"))],
    )


@dataclass
class Row:
    """One step as typed, with what is wrong with it."""

    kind: str = "set_weight"
    text: str = ""
    errors: list[str] = field(default_factory=list)


class StrategyEditor:
    """A strategy while somebody edits it: fields, rows, and what is wrong with either."""

    def __init__(self, form: StrategyForm, rows: list[Row]) -> None:
        self.form = form
        self.rows = rows
        self.errors: list[str] = []

    @classmethod
    def of(cls, strategy: Json | None) -> StrategyEditor:
        """Filled with a strategy, or with nothing but the usual steps to begin from."""
        given = strategy or {}
        typed = {name: _as_text(given[name]) for name in (*COMMON, *OF_CANARY, *OF_BLUE_GREEN) if name in given}
        typed |= {name: text_of({_kind_of(name): given[name]})[1] for name in PARTS if given.get(name)}
        if typed.get("on_failure") == "abort":
            typed["on_failure"] = ""
        steps = given.get("steps") if isinstance(given.get("steps"), list) else None
        shown = [step.to_json() for step in DEFAULT_STEPS] if steps is None else steps
        rows = [Row(*text_of(step)) for step in shown if isinstance(step, dict)]
        return cls(StrategyForm({"type": given.get("type", ""), **typed}), rows)

    @classmethod
    def typed(cls, post: QueryDict) -> StrategyEditor:
        """As it was posted."""
        indexes = [str(index) for index in range(MOST_ROWS) if f"kind-{index}" in post]
        rows = [Row(str(post[f"kind-{index}"]), str(post.get(f"text-{index}", ""))) for index in indexes]
        return cls(StrategyForm(post), rows)

    def change(self, asked: str) -> None:
        """Add, move or remove a row: `add`, `up-2`, `down-2`, `remove-2`. Anything else changes nothing."""
        verb, _dash, number = asked.partition("-")
        if verb == "add":
            if len(self.rows) < MOST_ROWS:
                self.rows.append(Row("pause" if self.rows and self.rows[-1].kind == "set_weight" else "set_weight"))
            return
        index = int(number) if number.isdigit() else -1
        if not 0 <= index < len(self.rows):
            return
        row = self.rows.pop(index)
        if verb in ("up", "down"):
            self.rows.insert(max(0, index + (1 if verb == "down" else -1)), row)

    def to_json(self) -> Json | None:
        """The strategy that is typed, without what is left empty; None for no default."""
        kind = self._said("type")
        if not kind:
            return None
        own = {"canary": OF_CANARY, "blue_green": OF_BLUE_GREEN}.get(kind, ())
        given = {name: _value(text) for name in (*own, *COMMON) if (text := self._said(name))}
        parts = {"canary": ("analysis",), "blue_green": ("pre_promotion", "approval", "post_promotion")}.get(kind, ())
        runs = {name: step_of(_kind_of(name), text)[_kind_of(name)] for name in parts if (text := self._said(name))}
        steps = {"steps": [step_of(row.kind, row.text) for row in self.rows]} if kind == "canary" else {}
        return {"type": kind, **given, **steps, **runs}

    def put(self, problems: Iterable[tuple[str, str]]) -> None:
        """Put each problem (pointer below the strategy, sentence) at its row or field, else above the form."""
        for pointer, words in problems:
            first, _slash, rest = pointer.strip("/").partition("/")
            index = rest.partition("/")[0]
            if first == "steps" and index.isdigit() and int(index) < len(self.rows):
                self.rows[int(index)].errors.append(words)
            elif first in self.form.fields:
                self.form.add_error(first, words)
            else:
                self.errors.append(words)

    @property
    def is_valid(self) -> bool:
        return not (self.errors or self.form.errors or any(row.errors for row in self.rows))

    @property
    def kinds(self) -> list[tuple[str, Any]]:
        """The choices of a row's kind."""
        return [(kind, KIND_WORDS[kind]) for kind in KINDS]

    def _said(self, name: str) -> str:
        return str(self.form[name].value() or "").strip()


def _kind_of(part: str) -> str:
    return "approval" if part == "approval" else "analysis"


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


def _value(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text
