"""One's own tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.commands.tokens import create_token, revoke_token
from accounts.decorators import SignedInRequest, signed_in
from accounts.durations import parse_duration
from accounts.forms import TokenForm
from accounts.models import Token
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpResponse


@signed_in
def tokens(request: SignedInRequest) -> HttpResponse:
    """The list, and a form for a new one. A new token is shown in this one answer and kept nowhere."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    raw = ""
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            lasts = parse_duration(form.cleaned_data["expires"]) if form.cleaned_data["expires"] else None
            _token, raw = create_token(
                request.user,
                request.user,
                form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                lasts=lasts,
            )
    own = Token.objects.filter(user=request.user)
    shown = {"form": TokenForm() if raw else form, "raw": raw, "page": page_of(own, request.GET.get("page"))}
    return render_page(request, "accounts/tokens.html", shown, status=201 if raw else 422 if form.errors else 200)


@require_POST
@signed_in
def revoke(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """End one token."""
    token = get_object_or_404(Token.objects.visible_to(request.user), pk=pk)
    revoke_token(request.user, token)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name}, "ok")
    return see_other("tokens")
