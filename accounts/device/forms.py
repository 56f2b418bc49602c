"""What a person types and chooses about a program that asks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.durations import parse_duration
from accounts.token_rules import longest_here
from web.forms import offer

SPANS = [("30d", _("30 days")), ("7d", _("7 days")), ("24h", _("1 day")), ("8h", _("8 hours"))]
SHORT = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "autofocus": True}


class CodeForm(forms.Form):
    """The code that the program shows."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("Eight letters, as slipway login shows them: WDJB-MJHT."),
        max_length=20,
        widget=forms.TextInput(attrs=SHORT),
    )


class AllowForm(forms.Form):
    """How far and for how long the program may act."""

    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        help_text=_("Each one includes reading. It never may more than you may."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    lasts = forms.ChoiceField(
        label=_("For"),
        choices=[],
    )

    def __init__(self, asked: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["scopes"]
        field.choices = [(scope, scope) for scope in asked]
        field.initial = asked
        longest = longest_here()
        offer(self, "lasts", [one for one in SPANS if longest is None or parse_duration(one[0]) <= longest])
