"""Forms about people and teams. What may be stored is decided by the commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import SignInPolicy
from accounts.permissions import GRANTABLE
from web.forms import lasting_name, offer


class SignInForm(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "off", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """The second factor as text."""

    code = forms.CharField(
        label=_("Code"),
        help_text=_("Six digits of your authenticator app, or one of your recovery codes."),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false", "autofocus": True}
        ),
    )


class AuthenticatorForm(forms.Form):
    """The code that shows that an app holds the secret."""

    code = forms.CharField(
        label=_("Code that the app shows now"),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class ConfirmForm(forms.Form):
    """One's own password, once more."""

    password = forms.CharField(
        label=_("Your password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class PasskeyForm(forms.Form):
    """A passkey that the browser made, and what to call it."""

    name = forms.CharField(label=_("What to call it"), help_text=_("For example: laptop, or blue key."), max_length=60)
    credential = forms.CharField(max_length=20_000, widget=forms.HiddenInput(), required=False)


class PolicyForm(forms.Form):
    """Who has to have a second factor."""

    require_second_factor = forms.ChoiceField(
        label=_("A second factor"), choices=SignInPolicy.Whom.choices, widget=forms.RadioSelect
    )


class BreakGlassForm(forms.Form):
    """The code of a break-glass link."""

    code = forms.CharField(
        label=_("Code"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )


class PasswordForm(forms.Form):
    """One's own password, old and new."""

    old_password = forms.CharField(
        label=_("Your password now"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 12 characters, and not a common one."),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class NewUserForm(forms.Form):
    """A person to be."""

    username = forms.CharField(label=_("User name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 12 characters. Hand it over in person; it can be changed under Settings."),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    is_admin = forms.BooleanField(label=_("Admin: may do everything"), required=False)


class EditUserForm(forms.Form):
    """What an admin changes about a person. An empty password leaves it as it is."""

    email = forms.EmailField(label=_("E-mail"), required=False)
    is_active = forms.BooleanField(
        label=_("Active"), help_text=_("Without it, sessions and tokens end at once."), required=False
    )
    is_admin = forms.BooleanField(label=_("Admin: may do everything"), required=False)
    password = forms.CharField(
        label=_("New password"),
        help_text=_("Leave it empty to keep the present one."),
        max_length=500,
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class TeamForm(forms.Form):
    """A team to be."""

    name = forms.CharField(
        label=_("Name"), help_text=_("Lower-case letters, digits and hyphens, at most 63."), max_length=200
    )
    title = forms.CharField(label=_("Title"), required=False, max_length=200)


class TeamTitleForm(forms.Form):
    """The title of a team that is there."""

    title = forms.CharField(label=_("Title"), required=False, max_length=200)


class MemberForm(forms.Form):
    """A person, a role and where it counts. `roles` are (name, label) of those that can be given."""

    user = forms.CharField(label=_("User name"), max_length=150)
    role = forms.ChoiceField(label=_("Role"), choices=[])
    environment = forms.ChoiceField(
        label=_("In"),
        help_text=_("A role for one environment lets its holder act there, and look everywhere."),
        choices=[],
        required=False,
    )

    def __init__(self, *args: Any, roles: list[tuple[str, str]], environments: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "role", roles)
        offer(self, "environment", [("", _("All environments")), *((name, name) for name in environments)])


def _by_object(permissions: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The permissions as grouped choices: each object with its verbs, "release" with "start" for `release.start`."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in permissions:
        thing, _dot, verb = name.partition(".")
        groups.setdefault(thing.replace("_", " "), []).append((name, verb.replace("_", " ")))
    return list(groups.items())


class EditRoleForm(forms.Form):
    """What a custom role is called and made of."""

    title = forms.CharField(label=_("Title"), required=False, max_length=200)
    permissions = forms.MultipleChoiceField(
        label=_("May"),
        help_text=_("Whoever belongs to a team sees all that it owns; that is in every role."),
        choices=_by_object(GRANTABLE),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class RoleForm(EditRoleForm):
    """A custom role to be."""

    name = lasting_name()
    field_order = ("name", "title", "permissions")
