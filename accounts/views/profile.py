"""Oneself: roles, and the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.commands.users import set_password
from accounts.decorators import SignedInRequest, signed_in
from accounts.forms import PasswordForm
from accounts.lockout import proves_password
from accounts.oidc.queries import links_of
from accounts.sessions import current, keep_session
from web.forms import refusals_on
from web.fragments import render_page, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse


@signed_in
def settings(request: SignedInRequest) -> HttpResponse:
    """The entry of the rail: one's own page."""
    return redirect("profile")


@signed_in
@sensitive_post_parameters()
def profile(request: SignedInRequest) -> HttpResponse:
    """What the caller is, and a new password for them."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not proves_password(request, request.user, form.cleaned_data["old_password"]):
            form.add_error("old_password", _("This is not your password."))
        else:
            with refusals_on(form):
                set_password(request.user, request.user, form.cleaned_data["password"], keep=current(request))
        if form.is_valid():
            keep_session(request, request.user)
            messages.success(request, _("Your password is changed. Your other sessions have ended."), "ok")
            return see_other("profile")
    memberships = request.user.memberships.select_related("team").order_by("team__name", "role")
    return render_page(
        request,
        "accounts/profile.html",
        {"form": form, "memberships": memberships, **links_of(request.user)},
        status=422 if form.errors else 200,
    )
