"""CI identities: the list with a form for another one and for trying a token, one with its form, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.commands.ci_identities import create_ci_identity, edit_ci_identity, remove_ci_identity
from accounts.commands.exchange import try_token
from accounts.decorators import SignedInRequest, signed_in
from accounts.exchange.rules import robot_named
from accounts.models import CiIdentity
from accounts.permissions import may_in_any_team, require, why_not
from accounts.queries import robots_kept_by
from accounts.token_forms import CiIdentityForm, TryTokenForm
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of
from web.typed_text import as_pairs, as_words

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.exchange.checking import Checked


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def ci_identities(request: SignedInRequest) -> HttpResponse:
    """All that the caller may see, and a form for a new one."""
    form = _form(request)
    if request.method == "POST":
        _require_somewhere(request)
        if form.is_valid():
            with refusals_on(form):
                robot = robot_named(request.user, form.cleaned_data["robot"])
                made = create_ci_identity(request.user, robot, **form.fields_given())
                messages.success(request, _("The CI identity %(name)s is there.") % {"name": made.name}, "ok")
            if form.is_valid():
                return see_other("ci_identities")
    return _page(request, form=form)


@require_POST
@signed_in
@sensitive_post_parameters("token")
def try_out(request: SignedInRequest) -> HttpResponse:
    """Say what each check finds for a token; it is not used up, and not shown again."""
    _require_somewhere(request)
    tried = TryTokenForm(request.POST)
    checked = None
    if tried.is_valid():
        given = tried.cleaned_data
        checked = try_token(request.user, given["token"].strip(), given["identity"].strip())
    return _page(request, tried=tried, checked=checked)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def ci_identity(request: SignedInRequest, name: str) -> HttpResponse:
    """One, with the form to edit it."""
    found = _found(request, name)
    form = _form(request, found)
    if request.method == "POST":
        require(request.user, "ci_identity.edit", found.team)
        if form.is_valid():
            with refusals_on(form):
                edit_ci_identity(request.user, found, robot=form.cleaned_data["robot"], **form.fields_given())
            if form.is_valid():
                messages.success(request, _("The CI identity %(name)s is changed.") % {"name": found.name}, "ok")
                return see_other(found)
            found = _found(request, name)
    shown = {"identity": found, "form": form, "why_not": why_not(request.user, "ci_identity.edit", found.team)}
    return render_page(request, "accounts/ci_identity.html", shown, status=422 if form.errors else 200)


@require_POST
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Let no more jobs in by it."""
    found = _found(request, name)
    remove_ci_identity(request.user, found)
    messages.success(request, _("The CI identity %(name)s is gone.") % {"name": name}, "ok")
    return see_other("ci_identities")


def _found(request: SignedInRequest, name: str) -> CiIdentity:
    seen = CiIdentity.objects.visible_to(request.user).select_related("team", "robot__robot_of")
    return get_object_or_404(seen, name=name)


def _require_somewhere(request: SignedInRequest) -> None:
    if not may_in_any_team(request.user, "ci_identity.create"):
        require(request.user, "ci_identity.create", None)


def _page(
    request: SignedInRequest,
    *,
    form: CiIdentityForm | None = None,
    tried: TryTokenForm | None = None,
    checked: Checked | None = None,
) -> HttpResponse:
    seen = CiIdentity.objects.visible_to(request.user).select_related("team", "robot")
    form = form or _form(request, is_fresh=True)
    may = may_in_any_team(request.user, "ci_identity.create")
    shown = {
        "page": page_of(seen.order_by("order", "name"), request.GET.get("page")),
        "form": form,
        "try_form": TryTokenForm() if tried is None or checked is not None else tried,
        "checked": checked,
        "steps": checked.steps() if checked else [],
        "why_not": "" if may else why_not(request.user, "ci_identity.create", None),
    }
    refused = bool(form.errors) or (tried is not None and checked is None)
    return render_page(request, "accounts/ci_identities.html", shown, status=422 if refused else 200)


def _form(request: SignedInRequest, found: CiIdentity | None = None, *, is_fresh: bool = False) -> CiIdentityForm:
    initial: dict[str, Any] | None = None
    if found is not None:
        plain = ("name", "provider", "issuer", "audience", "scopes", "lifetime_seconds", "order", "is_active")
        initial = {name: getattr(found, name) for name in (*plain, "allow_private_address")}
        initial |= {name: as_words(getattr(found, name)) for name in ("services", "environments")}
        initial |= {"robot": found.robot.username, "claims": as_pairs(found.claims)}
    robots = [robot.username for robot in robots_kept_by(request.user, found.team if found else None)]
    data = request.POST if request.method == "POST" and not is_fresh else None
    form = CiIdentityForm(data, initial=initial, robots=robots, is_admin=request.user.is_admin)
    if found is not None:
        del form.fields["provider"]
    return form
