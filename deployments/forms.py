"""What a person types to start a release. The command judges it; what needs no cluster to be judged is said at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.default_strategy import chosen_strategy
from deployments.engine.read_strategy import Problem, StrategyInvalid
from deployments.strategy_words import problem_words
from deployments.strategy_yaml import from_yaml
from services.images import parse_image
from web.errors import Invalid, SlipwayError

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

    from services.models import Target

LONGEST_NOTE = 2000
STRATEGIES = [
    ("", _("The default")),
    ("rolling", _("Rolling update")),
    ("canary", _("Canary")),
    ("blue_green", _("Blue-green")),
]
STRATEGY_FIELDS = ("max_surge", "max_unavailable", "progress_deadline_seconds", "on_failure")


class DeployForm(forms.Form):
    """Where, what, and how. Text is taken as typed: a line end at the end of an image is an error, not a slip."""

    environment = forms.ChoiceField(label=_("Environment"))
    container = forms.ChoiceField(label=_("Container"), required=False)
    image = forms.CharField(
        label=_("Image"),
        strip=False,
        widget=forms.TextInput(attrs={"list": "images"}),
        error_messages={"required": _("An image is needed, such as registry.example/shop/web:1.2.")},
    )
    version = forms.CharField(
        label=_("Version"),
        required=False,
        max_length=200,
        help_text=_("What people call it. Empty: the tag of the image."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands on the release and in the audit log."),
    )
    strategy = forms.ChoiceField(label=_("How"), required=False, widget=forms.RadioSelect, choices=STRATEGIES)
    strategy_yaml = forms.CharField(
        label=_("A strategy for this release alone, as YAML"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "code", "spellcheck": "false"}),
        help_text=_("It takes the place of the choice above. Empty: the steps that stand beside that choice."),
    )
    max_surge = forms.CharField(
        label=_("Extra pods"), required=False, max_length=10, help_text=_("2 or 25%. Empty: as the workload says.")
    )
    max_unavailable = forms.CharField(
        label=_("Pods that may be missing"),
        required=False,
        max_length=10,
        help_text=_("0 or 25%. Empty: as the workload says."),
    )
    progress_deadline_seconds = forms.CharField(
        label=_("Deadline"),
        required=False,
        max_length=10,
        help_text=_("Seconds without another ready pod until the release fails. Empty: 600."),
    )
    on_failure = forms.ChoiceField(
        label=_("When it fails"),
        required=False,
        choices=[("", _("go back to the old version")), ("pause", _("stop and wait for a person"))],
    )
    supersede = forms.BooleanField(
        label=_("Take over from the release that is running"),
        required=False,
        help_text=_("The running release stops; this one starts from whatever it leaves."),
    )

    wait = forms.BooleanField(required=False, widget=forms.HiddenInput)
    override = forms.CharField(
        label=_("Why it may pass the promotion gate"), required=False, max_length=LONGEST_NOTE, widget=forms.HiddenInput
    )

    def __init__(self, targets: Sequence[Target], containers: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.targets = {target.environment.name: target for target in targets}
        environment, container = self.fields["environment"], self.fields["container"]
        offer(environment, list(self.targets), _("The service has no target in “%(value)s”."))
        offer(container, containers, _("The workload has no container “%(value)s”."))
        if len(containers) < 2:
            container.widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Note everything that is wrong at once, before any cluster is asked."""
        data = super().clean() or {}
        if data.get("image"):
            try:
                parse_image(data["image"])
            except ValueError as error:
                self.add_error("image", str(error))
        try:
            chosen_strategy(self._strategy(), self.target)
        except KeyError:
            # Without a target its error is shown already.
            return data
        except StrategyInvalid as error:
            for problem in error.problems:
                self.add_error(self._field_at(problem.pointer), self._at(problem))
        except ValueError as error:
            self.add_error("strategy_yaml", str(error))
        return data

    def _at(self, problem: Problem) -> str:
        """The sentence of a problem, with its place where one field holds the whole strategy."""
        words = problem_words(problem)
        is_yaml = bool(self.cleaned_data.get("strategy_yaml", "").strip())
        return f"{problem.pointer.removeprefix('/strategy/')}: {words}" if is_yaml else words

    @property
    def target(self) -> Target:
        """The target of the chosen environment; the form must be valid."""
        return self.targets[self.cleaned_data["environment"]]

    def wish(self) -> dict[str, Any]:
        """The chosen values as the commands take them."""
        data = self.cleaned_data
        image = data["image"]
        chosen: dict[str, Any] = {"images": {data["container"]: image}} if data["container"] else {"image": image}
        return {
            **chosen,
            "version": data["version"],
            "strategy": self._strategy(),
            "supersede": data["supersede"],
            "wait": data["wait"],
            "override": data["override"],
        }

    def _strategy(self) -> str | dict[str, Any] | None:
        """The strategy as a start takes it: the YAML, else the chosen default with the bounds that were typed.

        Raises ValueError for text that is no YAML, StrategyInvalid where a default cannot be read.
        """
        if own := from_yaml(self.cleaned_data.get("strategy_yaml", "")):
            return own
        kind: str | None = self.cleaned_data.get("strategy") or None
        typed = {name: self.cleaned_data.get(name, "") for name in STRATEGY_FIELDS}
        given = {name: _number(text) for name, text in typed.items() if text != ""}
        return {**chosen_strategy(kind, self.target).to_json(), **given} if given else kind

    def put_errors(self, error: SlipwayError) -> None:
        """Show what a command refused beside the fields it is about."""
        findings = error.errors if isinstance(error, Invalid) else []
        for finding in findings:
            self.add_error(self._field_at(finding["pointer"]), finding["detail"])
        if not findings:
            self.add_error(None, error.detail)

    def _field_at(self, pointer: str) -> str | None:
        first, _slash, rest = pointer.strip("/").partition("/")
        name = {"images": "image", "note": "reason"}.get(first, first)
        if name == "strategy":
            is_yaml = bool(self.cleaned_data.get("strategy_yaml", "").strip())
            name = rest if rest in self.fields and not is_yaml else "strategy_yaml"
        return name if name in self.fields else None


def offer(field: forms.Field, names: Sequence[str], otherwise: StrOrPromise) -> None:
    """Give a choice field its choices, which only the request knows, and the words for any other value."""
    if isinstance(field, forms.ChoiceField):
        field.choices = [(name, name) for name in names]
        field.error_messages["invalid_choice"] = otherwise


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text
