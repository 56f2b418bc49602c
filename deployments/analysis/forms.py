"""What a person types about an analysis template. The commands judge it; the form carries it and its errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.analysis.described import description_of
from deployments.analysis.rules import FIELDS
from deployments.engine.json import Json
from deployments.engine.judge import AGAINST_STABLE, MARGIN, RESTARTS
from deployments.models import AnalysisTemplate
from web.forms import lasting_name, offer

COMPARE = [
    ("", gettext_lazy("its value is held against a condition")),
    (AGAINST_STABLE, gettext_lazy("failed requests of the new version against those of the old")),
    (RESTARTS, gettext_lazy("restarts of the new version's containers")),
]
ON_ERROR = [("pause", gettext_lazy("pause and ask")), ("abort", gettext_lazy("abort the release"))]
PROMQL = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})


def _number(label: Any, initial: int, hint: Any = "", least: int = 0) -> forms.IntegerField:
    return forms.IntegerField(label=label, initial=initial, min_value=least, help_text=hint)


class AnalysisTemplateForm(forms.Form):
    """A template; `fields_given()` is what the commands take."""

    name = lasting_name()
    team = forms.ChoiceField(label=gettext_lazy("Team"), required=False)
    description = forms.CharField(label=gettext_lazy("Description"), required=False)
    compare = forms.ChoiceField(label=gettext_lazy("What is judged"), choices=COMPARE, required=False)
    query = forms.CharField(
        label=gettext_lazy("Query (PromQL)"),
        required=False,
        widget=PROMQL,
        help_text=gettext_lazy(
            "One value. {{service}} {{namespace}} {{stable}} {{canary}} {{window}} are filled in; the versions are "
            'told apart by pod=~"{{canary}}".'
        ),
    )
    samples = forms.CharField(
        label=gettext_lazy("Query that counts the samples"),
        required=False,
        widget=PROMQL,
        help_text=gettext_lazy("How many requests the value stands on; below the least number nothing is said."),
    )
    min_samples = _number(gettext_lazy("Least number of samples"), 0)
    success = forms.CharField(
        label=gettext_lazy("Success"), required=False, help_text=gettext_lazy("A condition, such as: result >= 0.99")
    )
    failure = forms.CharField(
        label=gettext_lazy("Failure"),
        required=False,
        help_text=gettext_lazy("What is neither success nor failure says nothing. Empty: all that is no success."),
    )
    margin = forms.FloatField(
        label=gettext_lazy("Margin"),
        required=False,
        help_text=gettext_lazy("For a comparison: how much larger the share of failures may be, 0.01 is one point."),
    )
    version_label = forms.CharField(
        label=gettext_lazy("Label of the version"),
        initial="pod",
        help_text=gettext_lazy("pod, or a label that holds the pod-template-hash, such as pod_template_hash."),
    )
    window_seconds = _number(gettext_lazy("Window, seconds"), 60, least=1)
    interval_seconds = _number(gettext_lazy("Interval, seconds"), 30, least=1)
    count = _number(gettext_lazy("Measurements"), 5, least=1)
    initial_delay_seconds = _number(gettext_lazy("First after, seconds"), 0)
    failure_limit = _number(gettext_lazy("Failures allowed"), 0)
    inconclusive_limit = _number(gettext_lazy("Inconclusive allowed"), 3)
    error_limit = _number(gettext_lazy("Errors in a row until it is inconclusive"), 4, least=1)
    on_error = forms.ChoiceField(label=gettext_lazy("When it cannot be measured"), choices=ON_ERROR)
    dry_run = forms.BooleanField(label=gettext_lazy("Dry run: measured and shown, decides nothing"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, teams: Iterable[str] = (), for_all: bool = False, is_edit: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if is_edit:
            del self.fields["name"], self.fields["team"]
            return
        everybody = [("", _("everybody's"))] if for_all else []
        offer(self, "team", [*everybody, *((name, name) for name in teams)])

    def fields_given(self) -> dict[str, Any]:
        """The fields under the names of the commands, without the team."""
        typed = self.cleaned_data
        given = {name: typed[name] for name in ("name", "description", *FIELDS) if name in typed}
        margin = typed.get("margin")
        return {**given, "parameters": {} if margin is None else {"margin": margin}}

    @classmethod
    def filled(cls, fields: Json, version: str = "", **options: Any) -> AnalysisTemplateForm:
        """The form as if these fields, named as the commands have them, had been typed into it."""
        parameters = fields.get("parameters")
        margin = parameters.get("margin") if isinstance(parameters, dict) else None
        return cls({**fields, "margin": margin, "version": version}, **options)

    @staticmethod
    def initial_of(row: AnalysisTemplate) -> dict[str, Any]:
        """What the form shows of a template that exists."""
        spec = row.spec
        margin = float(spec.parameters.get("margin", MARGIN)) if spec.compare == AGAINST_STABLE else None
        fields = {name: value for name, value in spec.to_json().items() if name not in ("name", "parameters")}
        return {**fields, "margin": margin, "description": description_of(row), "version": row.version}
