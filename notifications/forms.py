"""What a person types about a channel. Values are judged by the commands; the form only carries them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.kinds import KINDS
from notifications.models import Channel
from web.forms import offer
from web.typed_text import from_words


class ChannelForm(forms.Form):
    """A channel; `fields_given()` is what the commands take."""

    team = forms.ChoiceField(label=gettext_lazy("Team"), required=False)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Channel.Kind.choices)
    to = forms.CharField(
        label=gettext_lazy("E-mail addresses"),
        required=False,
        help_text=gettext_lazy("For the kind e-mail; with commas between them."),
    )
    url = forms.CharField(
        label=gettext_lazy("Address of the webhook"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("https://… It is stored encrypted and not shown again."),
    )
    key = forms.CharField(
        label=gettext_lazy("Signing key"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Signs what a webhook gets (HMAC-SHA256). Empty: one is made and shown once."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell when"),
        choices=list(KINDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        initial=["approval.ask", "release.fail", "release.pause"],
    )
    allow_private_address = forms.BooleanField(label=gettext_lazy("It is a private address (admins)"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, teams: Iterable[str] = (), is_admin: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [("", _("every team"))] if is_admin else []
        offer(self, "team", [*((name, name) for name in teams), *every])
        if not is_admin:
            del self.fields["allow_private_address"]

    def fields_given(self) -> dict[str, Any]:
        """Under the names of the commands; an empty address or key is none."""
        typed = self.cleaned_data
        given: dict[str, Any] = {name: typed[name] for name in ("name", "kind", "events", "is_active") if name in typed}
        given |= {name: typed[name] for name in ("url", "key") if typed.get(name)}
        if typed.get("allow_private_address"):
            given["allow_private_address"] = True
        if typed.get("to"):
            given["to"] = from_words(typed["to"])
        return given
