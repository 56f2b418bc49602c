"""What a person types about the catalog. Values are judged by the commands; forms only carry them and their errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.models import Colour, Environment, Service
from web.forms import lasting_name, offer
from web.typed_text import as_lines, as_pairs, as_words, from_lines, from_pairs, from_words

if TYPE_CHECKING:
    from accounts.models import Team


class ServiceForm(forms.Form):
    """A service; `fields()` is what the commands take."""

    name = lasting_name()
    team = forms.ChoiceField(label=gettext_lazy("Owner"), help_text=gettext_lazy("The team that answers for it."))
    title = forms.CharField(label=gettext_lazy("Title"), required=False)
    description = forms.CharField(
        label=gettext_lazy("Description"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    lifecycle = forms.ChoiceField(
        label=gettext_lazy("Lifecycle"), choices=Service.Lifecycle.choices, initial=Service.Lifecycle.PRODUCTION
    )
    system = forms.CharField(
        label=gettext_lazy("System"), required=False, help_text=gettext_lazy("What it is a part of, such as shop.")
    )
    depends_on = forms.CharField(
        label=gettext_lazy("Depends on"),
        required=False,
        help_text=gettext_lazy("Names of services, with commas between them."),
    )
    tags = forms.CharField(
        label=gettext_lazy("Tags"), required=False, help_text=gettext_lazy("Words, with commas between them.")
    )
    links = forms.CharField(
        label=gettext_lazy("Links"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line: a title, then the address, such as: Runbook https://wiki.example/checkout"),
    )
    provides_apis = forms.CharField(
        label=gettext_lazy("Provides APIs"),
        required=False,
        help_text=gettext_lazy("Names, with commas between them."),
    )
    annotations = forms.CharField(
        label=gettext_lazy("Annotations"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line: key=value."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, teams: Iterable[Team], is_edit: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(team.name, team.title or team.name) for team in teams]
        # A new service of somebody in several teams has no obvious owner: nobody should get one by not looking.
        offer(self, "team", [("", _("Choose a team")), *choices] if len(choices) > 1 and not is_edit else choices)
        if is_edit:
            del self.fields["name"]

    def fields_given(self) -> dict[str, Any]:
        """The fields under the names of the commands, without the team."""
        typed = self.cleaned_data
        given = {key: typed[key] for key in ("name", "title", "description", "lifecycle", "system") if key in typed}
        return given | {
            "depends_on": from_words(typed["depends_on"]),
            "tags": from_words(typed["tags"]),
            "links": [_link(line) for line in from_lines(typed["links"])],
            "provides_apis": from_words(typed["provides_apis"]),
            "annotations": from_pairs(typed["annotations"]),
        }

    @staticmethod
    def initial_of(service: Service) -> dict[str, Any]:
        """What the form shows of a service that exists."""
        return {
            "team": service.team.name,
            "title": service.title,
            "description": service.description,
            "lifecycle": service.lifecycle,
            "system": service.system,
            "depends_on": as_words(service.depends_on),
            "tags": as_words(service.tags),
            "links": as_lines(f"{link['title']} {link['url']}" for link in service.links),
            "provides_apis": as_words(service.provides_apis),
            "annotations": as_pairs(service.annotations),
            "version": service.version,
        }


class EnvironmentForm(forms.Form):
    """A stage; `fields_given()` is what the commands take."""

    name = lasting_name()
    title = forms.CharField(label=gettext_lazy("Title"), required=False)
    order = forms.IntegerField(
        label=gettext_lazy("Order"),
        initial=0,
        help_text=gettext_lazy("Lists and promotions go from the lowest to the highest."),
    )
    colour = forms.ChoiceField(label=gettext_lazy("Colour"), choices=Colour.choices)
    protected = forms.BooleanField(
        label=gettext_lazy("Protected: who releases here confirms it by typing the service's name"), required=False
    )
    approvals = forms.CharField(
        label=gettext_lazy("Approvals"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "One a line, all needed: a team and how many of its approvers have to agree, such as: platform 1"
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_edit: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_edit:
            del self.fields["name"]

    def fields_given(self) -> dict[str, Any]:
        """The fields under the names of the commands."""
        typed = self.cleaned_data
        given = {key: typed[key] for key in ("name", "title", "order", "colour", "protected") if key in typed}
        return given | {"approvals": [_rule(line) for line in from_lines(typed["approvals"])]}

    @staticmethod
    def initial_of(environment: Environment) -> dict[str, Any]:
        """What the form shows of an environment that exists."""
        return {
            "title": environment.title,
            "order": environment.order,
            "colour": environment.colour,
            "protected": environment.protected,
            "approvals": as_lines(f"{rule['team']} {rule['count']}" for rule in environment.approvals),
            "version": environment.version,
        }


class LiveImportForm(forms.Form):
    """A cluster whose Deployments are read."""

    cluster = forms.ChoiceField(label=gettext_lazy("Cluster"))
    namespace = forms.CharField(
        label=gettext_lazy("Namespace"),
        required=False,
        help_text=gettext_lazy("Empty: all namespaces that your teams have grants for."),
    )

    def __init__(self, *args: Any, clusters: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "cluster", [(name, name) for name in clusters])


class FileImportForm(forms.Form):
    """The text of a catalog file."""

    yaml = forms.CharField(
        label=gettext_lazy("catalog-info.yaml"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=gettext_lazy(
            "As Backstage reads it, of one or more documents. Entities of kind Component become services."
        ),
    )


def _link(line: str) -> dict[str, str]:
    title, _space, url = line.rpartition(" ")
    return {"title": title.strip(), "url": url}


def _rule(line: str) -> dict[str, Any]:
    """A team and a number; one that is none stays text, so that the check names it."""
    team, _space, count = line.partition(" ")
    count = count.strip() or "1"
    return {"team": team, "count": int(count) if count.isdigit() else count}
