"""People, for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.commands.second_factor import reset_second_factor
from accounts.commands.users import create_user, edit_user, set_password
from accounts.decorators import SignedInRequest, signed_in
from accounts.factors.required import has_second_factor
from accounts.forms import EditUserForm, NewUserForm
from accounts.models import Session, User
from accounts.oidc.queries import links_of
from accounts.permissions import require, why_not
from accounts.sessions import current
from web.filters import searched
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpResponse


@signed_in
@sensitive_post_parameters("password")
def users(request: SignedInRequest) -> HttpResponse:
    """The people that the caller may see, and for admins a form for a new one."""
    form = NewUserForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        require(request.user, "user.create", None)
        if form.is_valid():
            with refusals_on(form):
                create_user(request.user, **form.cleaned_data)
        if form.is_valid():
            return see_other(reverse("user", args=[form.cleaned_data["username"]]))
    rows = searched(User.objects.visible_to(request.user), ("username", "email"), request.GET.get("search", ""))
    shown = {
        "form": form,
        "page": page_of(rows, request.GET.get("page")),
        "why_not": why_not(request.user, "user.create", None),
    }
    return render_page(request, "accounts/users.html", shown, status=422 if form.errors else 200)


@signed_in
@sensitive_post_parameters("password")
def user(request: SignedInRequest, username: str) -> HttpResponse:
    """One person: their teams, and for admins what can be changed about them."""
    found = get_object_or_404(User.objects.visible_to(request.user), username__iexact=username)
    form = EditUserForm(
        request.POST if request.method == "POST" else None,
        initial={"email": found.email, "is_active": found.is_active, "is_admin": found.is_admin},
    )
    if request.method == "POST":
        require(request.user, "user.edit", None)
        if form.is_valid():
            with refusals_on(form):
                _store(request.user, found, form)
        if form.is_valid():
            messages.success(request, _("%(name)s is changed.") % {"name": found.username}, "ok")
            return see_other(reverse("user", args=[found.username]))
        found.refresh_from_db()
    seen = found.memberships.select_related("team").order_by("team__name", "role")
    own = request.user.is_admin or request.user.pk == found.pk
    here = current(request)
    shown = {
        "person": found,
        "form": form,
        "sessions": Session.objects.filter(user=found).alive() if own else None,
        "here": here.pk if here else None,
        "has_second_factor": own and has_second_factor(found),
        "why_no_reset": why_not(request.user, "second_factor.reset", None),
        "memberships": seen if request.user.is_admin else seen.filter(team__in=request.user.memberships.values("team")),
        "why_not": why_not(request.user, "user.edit", None),
        **(links_of(found) if request.user.is_admin else {}),
    }
    return render_page(request, "accounts/user.html", shown, status=422 if form.errors else 200)


@require_POST
@signed_in
def reset_factor(request: SignedInRequest, username: str) -> HttpResponse:
    """Take the second factor of somebody who has lost it, and sign them out everywhere."""
    found = get_object_or_404(User.objects.visible_to(request.user), username__iexact=username)
    reset_second_factor(request.user, found)
    messages.success(request, _("%(name)s signs in with the password alone now.") % {"name": found.username}, "ok")
    return see_other(reverse("user", args=[found.username]))


def _store(by: User, found: User, form: EditUserForm) -> None:
    changes = {name: form.cleaned_data[name] for name in ("email", "is_active", "is_admin")}
    with transaction.atomic():
        edit_user(by, found, **changes)
        if form.cleaned_data["password"]:
            set_password(by, found, form.cleaned_data["password"])
