"""What a person types about a sink. Values are judged by the commands; the form only carries them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

_SECRET = {"autocomplete": "new-password"}


class SinkForm(forms.Form):
    """A sink; `fields_given()` is what the commands take."""

    name = forms.CharField(label=_("Name"), max_length=80)
    address = forms.CharField(
        label=_("Address"),
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("tls://logs.example.com:6514, tcp://…, udp://… or https://…; stored encrypted, shown as its host."),
    )
    bearer = forms.CharField(
        label=_("Bearer token"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs=_SECRET),
        help_text=_("For HTTPS, where the receiver wants one."),
    )
    key = forms.CharField(
        label=_("Signing key"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs=_SECRET),
        help_text=_("For HTTPS: signs each delivery (HMAC-SHA256)."),
    )
    authority = forms.CharField(
        label=_("Certificate authority"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("In PEM form, where the receiver's certificate was signed by an own one."),
    )
    start = forms.ChoiceField(
        label=_("Send"),
        choices=[("now", _("what is written from now on")), ("beginning", _("all that is still in the log"))],
        required=False,
    )
    allow_private_address = forms.BooleanField(label=_("It is a private address"), required=False)
    is_active = forms.BooleanField(label=_("Switched on"), required=False, initial=True)

    def fields_given(self) -> dict[str, Any]:
        """Under the names of the commands; an empty secret is none."""
        typed = self.cleaned_data
        plain = ("name", "authority", "allow_private_address", "is_active")
        given: dict[str, Any] = {name: typed[name] for name in plain if name in typed}
        given |= {name: typed[name] for name in ("address", "bearer", "key", "start") if typed.get(name)}
        return given
