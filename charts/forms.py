"""What a person types about charts. Values are judged by the commands; the forms only carry them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from charts.commands.asking import LEAST_SECONDS, MOST_SECONDS
from charts.schema_fields import Simple, value_at, with_value
from charts.values import read_values


class RepositoryForm(forms.Form):
    """A repository to register."""

    name = forms.CharField(label=_("Name"), max_length=63)
    url = forms.CharField(
        label=_("Address"),
        max_length=2048,
        help_text=_("https://… of the folder that index.yaml is in, or oci://… of a place in a registry"),
    )
    username = forms.CharField(
        label=_("User name"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted, shown nowhere, sent to this address alone."),
    )
    allow_private_address = forms.BooleanField(label=_("It is a private address"), required=False)


class RepositoryEditForm(RepositoryForm):
    """A repository that is there; its name stands in what was installed from it. `version` tells which reading the edit
    is of."""

    name = None  # type: ignore[assignment]
    forget_login = forms.BooleanField(
        label=_("Ask without credentials"), required=False, help_text=_("Those that are kept are forgotten.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("username", "password"):
            self.fields[name].help_text = _("Empty: as it is. Another host, port or scheme is never sent what is kept.")

    def values(self) -> dict[str, Any]:
        """As the command takes them. Call it on a valid form."""
        typed = self.cleaned_data
        login = {name: typed[name] for name in ("username", "password") if typed[name]}
        if typed["forget_login"] and not login:
            login = {"username": "", "password": ""}
        return {"url": typed["url"], "allow_private_address": typed["allow_private_address"], **login}


class UploadForm(forms.Form):
    """A chart archive."""

    chart = forms.FileField(label=_("Archive"), help_text=_("A .tgz as `helm package` makes it, 20 MiB at most."))
    team = forms.ChoiceField(label=_("Team"), required=False)

    def __init__(self, *args: Any, teams: Iterable[str], is_admin: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [("", _("every team"))] if is_admin else []
        cast("forms.ChoiceField", self.fields["team"]).choices = [*every, *((name, name) for name in teams)]


class ValuesForm(forms.Form):
    """Values as YAML, with fields beside it for those that the chart's schema calls simple."""

    values = forms.CharField(
        label=_("Values (YAML)"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "18"}),
        help_text=_("What is not here has the chart's own default."),
    )
    timeout_seconds = forms.IntegerField(
        label=_("Seconds until all is ready"), min_value=LEAST_SECONDS, max_value=MOST_SECONDS, initial=300
    )
    atomic = forms.BooleanField(label=_("Take it back when it does not get ready"), required=False)

    def __init__(self, *args: Any, simple: Sequence[Simple] = (), current: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.simple = simple
        for each in simple:
            shown = value_at(current, each.path)
            each.field.initial = str(shown).lower() if isinstance(shown, bool) else shown
            self.fields[each.name] = each.field

    def simple_bound(self) -> list[forms.BoundField]:
        """The fields of the schema, for the template."""
        return [self[each.name] for each in self.simple]

    def values_given(self) -> dict[str, Any]:
        """The YAML, with each field that was changed put into it. Raises Invalid at /values."""
        values = read_values(self.cleaned_data["values"])
        for each in self.simple:
            if each.name in self.changed_data and self.cleaned_data.get(each.name) not in (None, ""):
                values = with_value(values, each.path, self.cleaned_data[each.name])
        return values


class InstallForm(ValuesForm):
    """Where a chart is installed, and with what."""

    cluster = forms.ChoiceField(label=_("Cluster"))
    namespace = forms.CharField(label=_("Namespace"), max_length=63)
    name = forms.CharField(label=_("Name of the release"), max_length=53)
    create_namespace = forms.BooleanField(label=_("Make the namespace if there is none"), required=False)
    field_order = ("cluster", "namespace", "name", "create_namespace")

    def __init__(self, *args: Any, clusters: Iterable[str], is_admin: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["cluster"]).choices = [(name, name) for name in clusters]
        if not is_admin:
            del self.fields["create_namespace"]
