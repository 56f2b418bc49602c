"""What is typed when services are promoted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.models.promotion import MOST_PARALLEL
from services.models import Environment

LONGEST_NOTE = 2000


class PromotionForm(forms.Form):
    """From where to where, and how; which services is beside it."""

    origin = forms.ModelChoiceField(
        Environment.objects.all(), to_field_name="name", label=_("From"), error_messages={"required": _("From where?")}
    )
    to = forms.ModelChoiceField(
        Environment.objects.all(), to_field_name="name", label=_("To"), error_messages={"required": _("To where?")}
    )
    max_parallel = forms.IntegerField(
        label=_("At a time"),
        required=False,
        min_value=1,
        max_value=MOST_PARALLEL,
        help_text=_("How many releases run at once. Empty: 5."),
    )
    wait = forms.BooleanField(
        label=_("Wait for the soak time of the promotion gate"),
        required=False,
        help_text=_("The release begins by itself once the image has run long enough."),
    )
    override = forms.CharField(
        label=_("Override the promotion gate, because"),
        required=False,
        max_length=LONGEST_NOTE,
        help_text=_("For who may override a freeze window there. The reason stands in timeline and audit log."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands on each release and in the audit log."),
    )

    def clean_max_parallel(self) -> int:
        return self.cleaned_data.get("max_parallel") or 5

    def clean(self) -> dict[str, Any]:
        """Two environments, not one."""
        data = super().clean() or {}
        if data.get("origin") and data.get("origin") == data.get("to"):
            self.add_error("to", _("Name two environments: this is one and the same."))
        return data

    def wish(self) -> dict[str, Any]:
        """What the commands take; the form must be valid."""
        data = self.cleaned_data
        return {name: data[name] for name in ("origin", "to", "wait")} | {"override": data["override"].strip()}
