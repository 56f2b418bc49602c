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
    promotion_from = forms.ChoiceField(
        label=gettext_lazy("Images come from"),
        required=False,
        help_text=gettext_lazy("The environment in which an image has to prove itself before it may be released here."),
    )
    soak_seconds = forms.IntegerField(
        label=gettext_lazy("Soak time, seconds"),
        required=False,
        min_value=0,
        help_text=gettext_lazy("How long it has to have run there: 3600 is an hour."),
    )
    require_success = forms.BooleanField(
        label=gettext_lazy("A release has to have succeeded there; what was found running does not count"),
        required=False,
        initial=True,
    )
    require_same_image = forms.BooleanField(
        label=gettext_lazy("It has to be the same image, by digest where both name one"), required=False, initial=True
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_edit: bool = False, others: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "promotion_from", [("", gettext_lazy("anywhere: no gate")), *((name, name) for name in others)])
        if is_edit:
            del self.fields["name"]

    def fields_given(self) -> dict[str, Any]:
        """The fields under the names of the commands."""
        typed = self.cleaned_data
        given = {key: typed[key] for key in ("name", "title", "order", "colour", "protected") if key in typed}
        return given | {
            "approvals": [_rule(line) for line in from_lines(typed["approvals"])],
            "promotion": self._gate(typed),
        }

    @staticmethod
    def _gate(typed: dict[str, Any]) -> dict[str, Any] | None:
        if not typed["promotion_from"]:
            return None
        return {
            "from": typed["promotion_from"],
            "soak_seconds": typed["soak_seconds"] or 0,
            "require_success": typed["require_success"],
            "require_same_image": typed["require_same_image"],
        }

    @staticmethod
    def initial_of(environment: Environment) -> dict[str, Any]:
        """What the form shows of an environment that exists."""
        gate = environment.promotion or {"require_success": True, "require_same_image": True}
        return {
            **{name: gate.get(name) for name in ("soak_seconds", "require_success", "require_same_image")},
            "promotion_from": gate.get("from", ""),
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
