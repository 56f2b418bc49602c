"""What each role may do, as a matrix; the custom ones are made and edited here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import queries
from accounts.commands.roles import create_role, edit_role, remove_role
from accounts.decorators import SignedInRequest, signed_in
from accounts.forms import EditRoleForm, RoleForm
from accounts.models import CustomRole
from accounts.permissions import require, why_not
from web.errors import Conflict
from web.forms import refusals_on
from web.fragments import render_page, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_safe
@signed_in
def roles(request: SignedInRequest) -> HttpResponse:
    """Permissions by roles, the four first."""
    custom = list(CustomRole.objects.all())
    shown = {
        "matrix": queries.role_matrix(custom),
        "custom": custom,
        "why_not_create": why_not(request.user, "role.create", None),
        "why_not_edit": why_not(request.user, "role.edit", None),
    }
    return render_page(request, "accounts/role_matrix.html", shown)


@signed_in
def create(request: SignedInRequest) -> HttpResponse:
    """The form of a new role; `?from=` begins with what another one is made of."""
    source = request.GET.get("from", "")
    form = RoleForm(
        request.POST if request.method == "POST" else None,
        initial={"permissions": queries.permissions_to_choose(source)},
    )
    if request.method == "POST":
        require(request.user, "role.create", None)
        if form.is_valid():
            given = form.cleaned_data
            with refusals_on(form):
                create_role(request.user, given["name"], given["permissions"], title=given["title"])
        if form.is_valid():
            return see_other(reverse("roles"))
    shown = {"form": form, "why_not": why_not(request.user, "role.create", None)}
    return render_page(request, "accounts/role_form.html", shown, status=422 if form.errors else 200)


@signed_in
def role(request: SignedInRequest, name: str) -> HttpResponse:
    """One custom role: what it is made of, who holds it, and its removal."""
    found = get_object_or_404(CustomRole, name=name)
    initial = {"title": found.title, "permissions": found.permissions, "version": found.version}
    form = EditRoleForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        require(request.user, "role.edit", None)
        if form.is_valid():
            given = form.cleaned_data
            found.version = given["version"] or found.version
            with refusals_on(form):
                edit_role(request.user, found, permissions=given["permissions"], title=given["title"])
        if form.is_valid():
            messages.success(request, _("%(name)s is saved; it counts at once.") % {"name": found.name}, "ok")
            return see_other(reverse("role", args=[found.name]))
    shown = {
        "role": found,
        "form": form,
        "holders": queries.holders_of(request.user, found.name),
        "why_not": why_not(request.user, "role.edit", None),
        "why_not_remove": why_not(request.user, "role.remove", None),
    }
    return render_page(request, "accounts/role_form.html", shown, status=422 if form.errors else 200)


@require_POST
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Forget a role that nobody holds; where somebody does, its page says so."""
    found = get_object_or_404(CustomRole, name=name)
    try:
        remove_role(request.user, found)
    except Conflict as refusal:
        messages.error(request, f"{refusal.detail} {refusal.next}".strip(), "bad")
        return see_other(reverse("role", args=[found.name]))
    messages.success(request, _("The role %(name)s is removed.") % {"name": name}, "ok")
    return see_other(reverse("roles"))
