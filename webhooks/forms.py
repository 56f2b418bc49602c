"""What a person types about a source. Values are judged by the commands; the form only carries them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from web.errors import Invalid
from web.forms import offer
from web.typed_text import as_lines, from_lines
from webhooks.models import WebhookSource

OVERLAPS = {"": _("End at once"), "3600": _("1 hour"), "21600": _("6 hours"), "86400": _("1 day")}
SUPERSEDE = "supersede"


class SourceForm(forms.Form):
    """A source; `fields_given()` is what the commands take, without the robot."""

    name = forms.CharField(
        label=_("Name"), strip=False, help_text=_("Part of the address that is called; it stays."), max_length=63
    )
    kind = forms.ChoiceField(label=_("Who sends"), choices=WebhookSource.Kind.choices)
    robot = forms.ChoiceField(
        label=_("Acts as"), help_text=_("Releases are started by it, with its roles."), choices=[]
    )
    rules = forms.CharField(
        label=_("Rules"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_(
            "A line each: image, service, environment, and if need be a strategy or the word supersede, "
            "as acme/checkout:1.* checkout dev canary. A star is anything but a slash."
        ),
    )
    is_active = forms.BooleanField(label=_("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, robots: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "robot", [(name, name) for name in robots])

    def fields_given(self) -> dict[str, Any]:
        """Under the names of the commands. Raises Invalid for a line that is no rule."""
        typed = self.cleaned_data
        given: dict[str, Any] = {name: typed[name] for name in ("name", "kind", "is_active") if name in typed}
        return given | {"rules": [read_rule(line) for line in from_lines(typed["rules"])]}


class RotateForm(forms.Form):
    """A new secret."""

    overlap = forms.ChoiceField(label=_("The old secret"), choices=list(OVERLAPS.items()), required=False)


def read_rule(line: str) -> dict[str, Any]:
    """A rule as a line of words. Raises Invalid."""
    words = line.split()
    if len(words) < 3:
        detail = _("“%(line)s” is no rule: write image, service and environment.")
        raise Invalid.at("/rules", "invalid", str(detail) % {"line": line[:100]})
    rule: dict[str, Any] = {"match": words[0], "service": words[1], "environment": words[2]}
    for word in words[3:]:
        if word == SUPERSEDE:
            rule["supersede"] = True
        elif word.startswith("image="):
            rule["image"] = word.removeprefix("image=")
        else:
            rule["strategy"] = word
    return rule


def written(rules: list[dict[str, Any]]) -> str:
    """The lines that read_rule reads back. A strategy that is more than a name is said by its type."""
    return as_lines(" ".join(_words(rule)) for rule in rules)


def _words(rule: dict[str, Any]) -> Iterable[str]:
    yield from (rule["match"], rule["service"], rule["environment"])
    if strategy := rule.get("strategy"):
        yield strategy if isinstance(strategy, str) else str(strategy.get("type", ""))
    if rule.get("image"):
        yield f"image={rule['image']}"
    if rule.get("supersede"):
        yield SUPERSEDE
