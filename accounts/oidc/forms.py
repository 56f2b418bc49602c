"""What an admin types about providers and rules. Values are judged by the commands; the forms only carry them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import IdentityProvider
from web.forms import lasting_name, offer


class ProviderForm(forms.Form):
    """A provider that is there. An empty client secret leaves it as it is."""

    title = forms.CharField(
        label=_("Words on the button"), max_length=80, help_text=_("For example: Acme single sign-on.")
    )
    issuer = forms.CharField(
        label=_("Issuer"), max_length=500, help_text=_("As the provider states it, to the letter: https://…")
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=255)
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        strip=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is stored encrypted and not shown again. Empty: the present one, or a public client."),
    )
    scopes = forms.CharField(label=_("Scopes"), max_length=500, help_text=_("With spaces between them."))
    username_claim = forms.CharField(
        label=_("Claim with the user name"), max_length=100, help_text=_("Of new accounts; dots lead into objects.")
    )
    email_claim = forms.CharField(label=_("Claim with the e-mail address"), max_length=100)
    groups_claim = forms.CharField(
        label=_("Claim with the groups"),
        max_length=100,
        required=False,
        help_text=_("Empty: groups give nothing, and take nothing."),
    )
    token_days = forms.IntegerField(
        label=_("Days that tokens outlive the last sign-in"),
        min_value=0,
        max_value=3650,
        initial=30,
        help_text=_("Of people without a password here. Robots are for what has to last."),
    )
    makes_people = forms.BooleanField(
        label=_("Make an account at the first sign-in"),
        required=False,
        initial=True,
        help_text=_("Without it an admin makes and links every account."),
    )
    trust_email = forms.BooleanField(
        label=_("Believe its verified e-mail addresses"),
        required=False,
        help_text=_(
            "A first sign-in then leads to the account here with that address. Only where nobody can choose one."
        ),
    )
    allow_private_address = forms.BooleanField(label=_("It is at a private address"), required=False)
    is_active = forms.BooleanField(
        label=_("Switched on"), required=False, initial=True, help_text=_("Switching it off ends its sessions.")
    )


class NewProviderForm(ProviderForm):
    """A provider to be."""

    name = lasting_name()
    preset = forms.ChoiceField(label=_("Kind"), choices=IdentityProvider.Preset.choices, widget=forms.HiddenInput)
    field_order = ("preset", "name")


class GroupRuleForm(forms.Form):
    """What a group gives."""

    group = forms.CharField(
        label=_("Group"), max_length=255, strip=False, help_text=_("As the claim names it, to the letter.")
    )
    team = forms.ChoiceField(label=_("Team"), required=False)
    role = forms.ChoiceField(label=_("Role"), required=False)
    environment = forms.ChoiceField(label=_("In"), required=False)
    gives_admin = forms.BooleanField(label=_("Admin instead: may do everything"), required=False)

    def __init__(
        self,
        *args: Any,
        teams: Iterable[str],
        roles: Iterable[tuple[str, str]],
        environments: Iterable[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "team", [("", "–"), *((name, name) for name in teams)])
        offer(self, "role", [("", "–"), *roles])
        offer(self, "environment", [("", _("All environments")), *((name, name) for name in environments)])
