"""Forms of clusters. They keep what was typed and carry it to a command; what is allowed is decided there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from clusters.commands.source import Source
from clusters.connection.kubeconfig import Context
from clusters.models import Cluster
from web.errors import SlipwayError
from web.forms import field_at
from web.typed_text import as_pairs, from_pairs, from_words

_SOURCE_FIELDS = ("kubeconfig", "context", "api_url", "token", "ca_data", "tls_server_name")
_SOURCE_FLAGS = ("insecure_skip_tls_verify", "allow_private_address")


def show_refusal(form: forms.Form, error: SlipwayError) -> None:
    """Put a refusal beside the field that it is about, or above the form."""
    for each in error.fields.get("errors") or [{"pointer": "", "detail": error.detail}]:
        sentence = str(each["detail"]).rstrip(".")
        text = f"{sentence[:1].upper()}{sentence[1:]}. {error.next}".rstrip()
        form.add_error(field_at(form, str(each["pointer"])), text)


class SourceForm(forms.Form):
    """How to connect: a kubeconfig with a context, or URL, token and CA.

    A refused form shows its secrets again, to the one who has just typed them and nobody else: nothing typed is lost.
    """

    kubeconfig = forms.CharField(
        label=_("Kubeconfig"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off"}),
        help_text=_("Paste it, or choose a file. Programs, file paths and proxies in it are refused."),
    )
    context = forms.CharField(label=_("Context"), required=False, widget=forms.HiddenInput)
    api_url = forms.CharField(label=_("API server URL"), required=False, help_text=_("As https://host:6443"))
    token = forms.CharField(
        label=_("Token"),
        required=False,
        widget=forms.PasswordInput(render_value=True, attrs={"autocomplete": "off"}),
        help_text=_("Of a ServiceAccount; it is stored encrypted and never shown again."),
    )
    ca_data = forms.CharField(
        label=_("CA certificate"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("PEM, or base64 of it. Without one the public authorities are trusted."),
    )
    tls_server_name = forms.CharField(
        label=_("TLS server name"),
        required=False,
        help_text=_("Only when the certificate is made out to another name than the address."),
    )
    allow_private_address = forms.BooleanField(
        label=_("Allow a private or loopback address"),
        required=False,
        help_text=_("Only if the API server really is inside your own network."),
    )
    insecure_skip_tls_verify = forms.BooleanField(
        label=_("Do not verify the server's certificate"),
        required=False,
        help_text=_("Whoever stands in between can then read the credentials. For a throw-away cluster only."),
    )

    def offer(self, contexts: list[Context]) -> None:
        """Let the person choose among the contexts of the pasted kubeconfig."""
        field = self.fields["context"]
        field.widget = forms.Select(
            choices=[(each.name, f"{each.name} – {each.problem or each.server}") for each in contexts]
        )
        current = next((each.name for each in contexts if each.is_current), "")
        if isinstance(self.data, QueryDict) and not self.data.get("context") and current:
            typed = self.data.copy()
            typed["context"] = current
            self.data = typed

    def source(self) -> Source:
        """What was given. Call it on a valid form."""
        return Source(**{name: self.cleaned_data[name] for name in (*_SOURCE_FIELDS, *_SOURCE_FLAGS)})


class FactsForm(forms.Form):
    """What people say about a cluster."""

    title = forms.CharField(label=_("Title"), required=False, max_length=200)
    environment = forms.CharField(
        label=_("Environment"), required=False, help_text=_("The one this cluster is for, if it is for one alone.")
    )
    labels = forms.CharField(
        label=_("Labels"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A key=value on each line."),
    )
    prometheus_url = forms.CharField(
        label=_("Prometheus"), required=False, help_text=_("As http://prometheus.example:9090")
    )

    @staticmethod
    def initial_of(cluster: Cluster) -> dict[str, Any]:
        """What the form of a saved cluster begins with."""
        return {
            "name": cluster.name,
            "title": cluster.title,
            "environment": cluster.environment,
            "labels": as_pairs(cluster.labels),
            "prometheus_url": cluster.prometheus_url,
            "version": cluster.version,
        }

    def values(self) -> dict[str, Any]:
        """As the commands take them. Call it on a valid form."""
        given = {name: self.cleaned_data[name] for name in ("title", "environment", "prometheus_url")}
        return {**given, "labels": from_pairs(self.cleaned_data["labels"])}


class RegisterForm(SourceForm, FactsForm):
    """A new cluster."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("1 to 63 lower-case letters, digits and hyphens."),
    )


class EditForm(FactsForm):
    """A cluster that exists; `version` tells which reading the edit is of."""

    name = forms.CharField(
        label=_("Name"),
        max_length=63,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Its addresses here and in the API change with it; links to the old name stop working."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def values(self) -> dict[str, Any]:
        """As the commands take them. Call it on a valid form."""
        return {**super().values(), "name": self.cleaned_data["name"]}


class GrantForm(forms.Form):
    """Namespaces for a team."""

    team = forms.ModelChoiceField(Team.objects.order_by("name"), label=_("Team"), to_field_name="name")
    cluster = forms.ModelChoiceField(Cluster.objects.order_by("name"), label=_("Cluster"), to_field_name="name")
    namespaces = forms.CharField(label=_("Namespaces"), help_text=_("With commas between them, or * for all."))

    def wanted(self) -> list[str]:
        """The namespaces that were named. Call it on a valid form."""
        return from_words(self.cleaned_data["namespaces"])
