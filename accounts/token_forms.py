"""Forms about tokens and robots. What may be stored is decided by the commands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.durations import parse_duration
from accounts.models import CiIdentity, Token
from accounts.token_rules import USUAL, longest_here
from web.forms import offer
from web.typed_text import from_pairs, from_words

# What each scope reaches, as a checkbox says it.
SCOPES = {
    "read": _("look at everything that its owner may see"),
    "deploy": _("start, promote, pause, abort and roll back releases"),
    "approve": _("approve and reject releases"),
    "clusters:write": _("register, edit and remove clusters"),
    "services:write": _("edit services, targets and analysis templates, and import"),
    "installs:write": _("install, upgrade and reset clusters on hosts"),
    "charts:write": _("install, upgrade and remove Helm releases, and upload charts"),
    "traffic:write": _("change routes, limits and certificates"),
    "admin": _("everything that its owner may, people and teams included"),
}
SPANS = {
    "24h": _("1 day"),
    "7d": _("7 days"),
    "30d": _("30 days"),
    "90d": _("90 days"),
    "180d": _("180 days"),
    "365d": _("1 year"),
    "": _("Until it is revoked"),
}
OVERLAPS = {"": _("End at once"), "1h": _("1 hour"), "6h": _("6 hours"), "24h": _("1 day")}


def spans(longest: timedelta | None) -> list[tuple[str, Any]]:
    """The lengths that can be chosen under the policy of this installation."""
    return [
        (text, label) for text, label in SPANS.items() if longest is None or (text and parse_duration(text) <= longest)
    ] or [(f"{longest.days if longest else 1}d", _("As long as allowed here"))]


class TokenForm(forms.Form):
    """A token to be."""

    name = forms.CharField(label=_("What it is for"), help_text=_("For example: CI of checkout."), max_length=100)
    expires = forms.ChoiceField(label=_("Lasts"), choices=list(SPANS.items()), required=False)
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        help_text=_("None chosen: everything that its owner may, now and later. Each one includes looking."),
        choices=[(name, format_lazy("{}: {}", name, words)) for name, words in SCOPES.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    teams = forms.MultipleChoiceField(
        label=_("Only for the teams"), required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )
    services = forms.CharField(
        label=_("Only for the services"), help_text=_("Names with commas. Empty: every service."), required=False
    )
    environments = forms.CharField(
        label=_("Only in the environments"), help_text=_("Names with commas. Empty: everywhere."), required=False
    )

    def __init__(self, *args: Any, teams: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = longest_here()
        offer(self, "expires", spans(longest))
        usual = f"{min(USUAL, longest or USUAL).days}d"
        self.fields["expires"].initial = usual
        names = [(name, name) for name in teams]
        offer(self, "teams", names)
        if len(names) < 2:
            del self.fields["teams"]

    def wanted(self) -> dict[str, Any]:
        """Under the names of `create_token`."""
        typed = self.cleaned_data
        return {
            "scopes": typed["scopes"],
            "teams": typed.get("teams", []),
            "services": from_words(typed["services"]),
            "environments": from_words(typed["environments"]),
            "lasts": parse_duration(typed["expires"]) if typed["expires"] else None,
        }


class RotateForm(forms.Form):
    """A new secret for a token that is there."""

    overlap = forms.ChoiceField(label=_("The old secret"), choices=list(OVERLAPS.items()), required=False)
    expires = forms.ChoiceField(label=_("Ends"), choices=[], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "expires", [("", _("As before")), *(span for span in spans(longest_here()) if span[0])])

    def wanted(self) -> dict[str, Any]:
        """Under the names of `rotate_token`."""
        typed = self.cleaned_data
        return {
            "overlap": parse_duration(typed["overlap"]) if typed["overlap"] else timedelta(0),
            "lasts": parse_duration(typed["expires"]) if typed["expires"] else None,
        }


class EditTokenForm(forms.Form):
    """Another name, or an earlier end."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    expires = forms.CharField(
        label=_("End in"), help_text=_("As 12h or 30d from now, no later than it ends now."), required=False
    )

    @classmethod
    def of(cls, token: Token) -> EditTokenForm:
        """Filled with what the token has."""
        return cls(initial={"name": token.name})

    def wanted(self) -> dict[str, Any]:
        """Under the names of `edit_token`."""
        typed = self.cleaned_data
        return {"name": typed["name"], "lasts": parse_duration(typed["expires"]) if typed["expires"] else None}


class RobotForm(forms.Form):
    """A robot to be."""

    name = forms.CharField(
        label=_("Name"),
        strip=False,
        help_text=_(
            "What it is called in the team: ci, registry.",
        ),
        max_length=63,
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        help_text=_("No more than you have yourself."),
        choices=[],
        widget=forms.CheckboxSelectMultiple,
    )

    environment = forms.ChoiceField(
        label=_("In"), help_text=_("The roles count only there."), choices=[], required=False
    )

    def __init__(
        self,
        *args: Any,
        roles: Iterable[tuple[str, str]] = (),
        environments: Iterable[str] = (),
        named: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "roles", list(roles))
        offer(self, "environment", [("", _("All environments")), *((name, name) for name in environments)])
        if not named:
            del self.fields["name"], self.fields["environment"]

    def wanted(self) -> list[str]:
        """The roles as the commands take them: `developer`, or `developer@dev`."""
        place = self.cleaned_data["environment"]
        return [f"{role}@{place}" if place else role for role in self.cleaned_data["roles"]]


class CiIdentityForm(forms.Form):
    """A rule by which CI jobs act as a robot; `fields_given()` is what the commands take."""

    name = forms.CharField(label=_("Name"), strip=False, max_length=63)
    robot = forms.ChoiceField(label=_("Acts as"), choices=[])
    provider = forms.ChoiceField(label=_("CI system"), choices=CiIdentity.Provider.choices)
    issuer = forms.CharField(
        label=_("Issuer"),
        required=False,
        help_text=_("Empty: that of github.com or gitlab.com. Give your own for a server of yours."),
    )
    audience = forms.CharField(
        label=_("Audience"),
        required=False,
        help_text=_("For whom the job asks its token. Empty: this portal's address."),
    )
    claims = forms.CharField(
        label=_("Claims"),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_(
            "A line each, as repository=acme/checkout or ref=refs/heads/*. A star is anything but a slash, two are "
            "anything. One line has to name the repository or project in full."
        ),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[(name, format_lazy("{}: {}", name, words)) for name, words in SCOPES.items()],
        required=False,
        initial=["deploy"],
        widget=forms.CheckboxSelectMultiple,
    )
    services = forms.CharField(
        label=_("Only for the services"), help_text=_("Names with commas. Empty: every service."), required=False
    )
    environments = forms.CharField(
        label=_("Only in the environments"), help_text=_("Names with commas. Empty: everywhere."), required=False
    )
    lifetime_seconds = forms.IntegerField(label=_("Token lasts (seconds)"), min_value=60, max_value=900, initial=900)
    order = forms.IntegerField(
        label=_("Order"), initial=100, min_value=0, help_text=_("Of several that match, the lowest counts.")
    )
    allow_private_address = forms.BooleanField(label=_("The issuer has a private address (admins)"), required=False)
    is_active = forms.BooleanField(label=_("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, robots: Iterable[str] = (), is_admin: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "robot", [(name, name) for name in robots])
        if not is_admin:
            del self.fields["allow_private_address"]

    def fields_given(self) -> dict[str, Any]:
        """Under the names of the commands, without the robot's."""
        typed = self.cleaned_data
        plain = ("name", "provider", "scopes", "lifetime_seconds", "order", "is_active")
        given: dict[str, Any] = {name: typed[name] for name in plain if name in typed}
        given |= {name: typed[name] for name in ("issuer", "audience") if typed[name]}
        given |= {name: from_words(typed[name]) for name in ("services", "environments")}
        given["claims"] = from_pairs(typed["claims"])
        if "allow_private_address" in typed:
            given["allow_private_address"] = typed["allow_private_address"]
        return given


class TryTokenForm(forms.Form):
    """A CI job's token to look at."""

    token = forms.CharField(
        label=_("A job's token"),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("It is checked and not used up; nothing of it is kept."),
        max_length=16 * 1024,
    )
    identity = forms.CharField(
        label=_("CI identity that the job names"),
        help_text=_("Leave it empty where the job names none."),
        max_length=63,
        required=False,
    )
