"""Tokens: one's own, and those of the robots one looks after."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.commands.tokens import create_token, edit_token, revoke_token, rotate_token
from accounts.decorators import SignedInRequest, signed_in
from accounts.models import Token, User
from accounts.permissions import team_names
from accounts.queries import tokens_of
from accounts.token_forms import EditTokenForm, RotateForm, TokenForm
from accounts.token_rules import longest_here
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def tokens(request: SignedInRequest) -> HttpResponse:
    """The list, and a form for a new one. A new token is shown in this one answer and kept nowhere."""
    form, raw = made_token(request, request.user, team_names(request.user))
    shown = {
        "form": form,
        "raw": raw,
        "page": page_of(tokens_of(request.user), request.GET.get("page")),
        "longest": longest_here(),
    }
    return render_page(request, "accounts/tokens.html", shown, status=201 if raw else 422 if form.errors else 200)


def made_token(request: SignedInRequest, user: User, teams: list[str]) -> tuple[TokenForm, str]:
    """The form for a token of `user`, and the text of the one that was made by it, if one was."""
    form = TokenForm(request.POST if request.method == "POST" else None, teams=teams)
    raw = ""
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            _token, raw = create_token(request.user, user, form.cleaned_data["name"], **form.wanted())
    return (TokenForm(teams=teams), raw) if raw else (form, "")


@signed_in
def token(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """One token: what it reaches, and what may be done with it."""
    found = _found(request, pk)
    return _page(request, found)


@require_POST
@signed_in
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Another name, or an earlier end."""
    found = _found(request, pk)
    form = EditTokenForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            edit_token(request.user, found, **form.wanted())
    if form.errors:
        return _page(request, _found(request, pk), edit_form=form)
    messages.success(request, _("The token “%(name)s” is changed.") % {"name": found.name}, "ok")
    return see_other(reverse("token", args=[found.pk]))


@require_POST
@signed_in
def rotate(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """A new secret, shown in this one answer."""
    found, raw = _found(request, pk), ""
    form = RotateForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            found, raw = rotate_token(request.user, found, **form.wanted())
    return _page(request, _found(request, pk), raw=raw, rotate_form=None if raw else form)


@require_POST
@signed_in
def revoke(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """End one token."""
    found = _found(request, pk)
    revoke_token(request.user, found)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": found.name}, "ok")
    return see_other(_list_of(found))


def _found(request: SignedInRequest, pk: UUID) -> Token:
    return get_object_or_404(Token.objects.visible_to(request.user).select_related("user__robot_of"), pk=pk)


def _list_of(token: Token) -> str:
    """Where the token stands among others."""
    if token.user.robot_of is None:
        return reverse("tokens")
    return reverse("robot", args=[token.user.robot_of.name, token.user.short_name])


def _page(
    request: SignedInRequest,
    found: Token,
    *,
    raw: str = "",
    edit_form: EditTokenForm | None = None,
    rotate_form: RotateForm | None = None,
) -> HttpResponse:
    refused = edit_form is not None or rotate_form is not None
    shown = {
        "token": found,
        "raw": raw,
        "list_url": _list_of(found),
        "edit_form": edit_form or EditTokenForm.of(found),
        "rotate_form": rotate_form or RotateForm(),
    }
    return render_page(request, "accounts/token.html", shown, status=422 if refused else 200)
