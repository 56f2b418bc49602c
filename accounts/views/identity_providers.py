"""Identity providers, for admins: the list, one with its rules, and what came of the last test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.commands.group_rules import create_rule, remove_rule
from accounts.commands.identity_providers import create_provider, edit_provider, remove_provider
from accounts.decorators import SignedInRequest, signed_in
from accounts.environments import environment_names
from accounts.models import IdentityProvider, Team
from accounts.oidc.flow import callback_url
from accounts.oidc.forms import GroupRuleForm, NewProviderForm, ProviderForm
from accounts.oidc.presets import PRESETS
from accounts.oidc.queries import provider_list
from accounts.oidc.trial import last_trial
from accounts.permissions import require, why_not
from accounts.queries import role_choices
from web.errors import Invalid
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_post_parameters("client_secret")
def identity_providers(request: SignedInRequest) -> HttpResponse:
    """All of them, and a form for another one; `?preset=` fills it in."""
    require(request.user, "identity_provider.view", None)
    preset = request.POST.get("preset") or request.GET.get("preset", "")
    preset = preset if preset in PRESETS else str(IdentityProvider.Preset.GENERIC)
    form = NewProviderForm(
        request.POST if request.method == "POST" else None, initial={"preset": preset, **PRESETS[preset].values}
    )
    if request.method == "POST" and form.is_valid():
        made: IdentityProvider | None = None
        with refusals_on(form):
            made = create_provider(request.user, **form.cleaned_data)
        if made is not None:
            return see_other(made)
    shown = {
        "page": page_of(provider_list(), request.GET.get("page")),
        "form": form,
        "preset": PRESETS[preset],
        "presets": IdentityProvider.Preset.choices,
        "chosen": preset,
        "why_not": why_not(request.user, "identity_provider.create", None),
    }
    return render_page(request, "accounts/identity_providers.html", shown, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_post_parameters("client_secret")
def identity_provider(request: SignedInRequest, name: str) -> HttpResponse:
    """One of them: what to enter over there, the form to edit it, its rules."""
    require(request.user, "identity_provider.view", None)
    found = get_object_or_404(IdentityProvider, name=name)
    form = ProviderForm(request.POST if request.method == "POST" else None, initial=_values(found))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            edit_provider(request.user, found, **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("%(name)s is changed.") % {"name": found.title}, "ok")
            return see_other(found)
        found = get_object_or_404(IdentityProvider, name=name)
    return _page(request, found, form, _rule_form())


@require_POST
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Trust it no more."""
    require(request.user, "identity_provider.remove", None)
    found = get_object_or_404(IdentityProvider, name=name)
    remove_provider(request.user, found)
    messages.success(
        request, _("%(name)s is no longer trusted; its sessions have ended.") % {"name": found.title}, "ok"
    )
    return see_other("identity_providers")


@require_POST
@signed_in
def add_rule(request: SignedInRequest, name: str) -> HttpResponse:
    """Give a group something."""
    require(request.user, "group_rule.create", None)
    found = get_object_or_404(IdentityProvider, name=name)
    rule_form = _rule_form(request.POST)
    if rule_form.is_valid():
        with refusals_on(rule_form):
            given = dict(rule_form.cleaned_data)
            create_rule(request.user, found, **{**given, "team": _team(given["team"])})
        if rule_form.is_valid():
            return see_other(f"{found.get_absolute_url()}#rules")
    return _page(request, found, ProviderForm(initial=_values(found)), rule_form)


@require_POST
@signed_in
def drop_rule(request: SignedInRequest, name: str, pk: UUID) -> HttpResponse:
    """Forget a rule."""
    require(request.user, "group_rule.remove", None)
    found = get_object_or_404(IdentityProvider, name=name)
    remove_rule(request.user, get_object_or_404(found.rules.select_related("team", "provider"), pk=pk))
    return see_other(f"{found.get_absolute_url()}#rules")


@require_safe
@signed_in
def tested(request: SignedInRequest, name: str) -> HttpResponse:
    """What came of the last test in this browser."""
    require(request.user, "identity_provider.test", None)
    found = get_object_or_404(IdentityProvider, name=name)
    shown = {"provider": found, "trial": last_trial(request, found), "callback": callback_url(found)}
    return render_page(request, "accounts/identity_provider_test.html", shown)


def _page(
    request: SignedInRequest, found: IdentityProvider, form: ProviderForm, rule_form: GroupRuleForm
) -> HttpResponse:
    shown: dict[str, Any] = {
        "provider": found,
        "form": form,
        "rule_form": rule_form,
        "rules": found.rules.select_related("team"),
        "people": found.identities.count(),
        "callback": callback_url(found),
        "hint": PRESETS[found.preset].hint if found.preset in PRESETS else "",
        "test_url": reverse("begin_test", args=[found.name]),
        "why_not": why_not(request.user, "identity_provider.edit", None),
    }
    bad = form.errors or rule_form.errors
    return render_page(request, "accounts/identity_provider.html", shown, status=422 if bad else 200)


def _values(found: IdentityProvider) -> dict[str, Any]:
    return {
        name: getattr(found, name)
        for name in ProviderForm.base_fields
        if hasattr(found, name) and name != "client_secret"
    }


def _rule_form(typed: QueryDict | None = None) -> GroupRuleForm:
    teams = Team.objects.order_by("name").values_list("name", flat=True)
    return GroupRuleForm(typed, teams=teams, roles=role_choices(), environments=environment_names())


def _team(name: str) -> Team | None:
    if not name:
        return None
    found = Team.objects.filter(name=name).first()
    if found is None:
        raise Invalid.at("/team", "does_not_exist", _("There is no team %(name)s.") % {"name": name})
    return found
