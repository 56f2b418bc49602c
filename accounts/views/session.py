"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import authenticate, logout
from django.db import transaction
from django.http import JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.forms import SignInForm
from accounts.models import Session, User
from accounts.sessions import begin_session, current, end, prolong
from audit.record import audit
from web.fragments import render_page, safe_next, see_other

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Check name and password, begin a session, go to where the caller wanted to go (on this portal only)."""
    back = safe_next(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(back)
        return render_page(request, "accounts/sign_in.html", {"form": SignInForm(), "next": back})
    form = SignInForm(request.POST)
    if form.is_valid():
        user = authenticate(request, **form.cleaned_data)
        if isinstance(user, User):
            begin_session(request, user, way=Session.Way.PASSWORD)
            return see_other(back)
        # One sentence for a wrong name, a wrong password and a switched-off account: it must not tell which.
        form.add_error(None, _("That user name and password do not go together."))
    return render_page(request, "accounts/sign_in.html", {"form": form, "next": back}, status=422)


@require_POST
@signed_in
def renew(request: SignedInRequest) -> HttpResponse:
    """Begin the session's time anew: JSON to a script, back to the page for a plain form."""
    ends_at = prolong(request)
    with transaction.atomic():
        audit(request.user, "session.renew", request.user)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"ends_at": ends_at.isoformat()})
    return see_other(safe_next(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, User):
        with transaction.atomic():
            if row := current(request):
                end(row)
            audit(request.user, "session.end", request.user)
    logout(request)
    return see_other("sign_in")
