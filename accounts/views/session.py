"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import authenticate, logout
from django.db import transaction
from django.http import JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.factors import halfway
from accounts.factors.required import has_second_factor
from accounts.forms import SignInForm
from accounts.models import Session, User
from accounts.oidc.vouching import sign_out_elsewhere
from accounts.oidc.ways import sign_in_ways
from accounts.sessions import begin_session, current, end, prolong
from audit.record import audit
from web.fragments import render_page, safe_next, see_other

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# Where a provider signs people out, for the one page after signing out here.
_ELSEWHERE, _ELSEWHERE_SECONDS = "sign_out_elsewhere", 600


@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Check name and password, begin a session, go to where the caller wanted to go (on this portal only).

    Who has a second factor is asked for it first.
    """
    back = safe_next(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(back)
        return render_page(request, "accounts/sign_in.html", {"form": SignInForm(), "next": back, **sign_in_ways()})
    form = SignInForm(request.POST)
    if form.is_valid():
        user = authenticate(request, **form.cleaned_data)
        if isinstance(user, User):
            if has_second_factor(user):
                halfway.begin(request, user, back)
                return see_other("second_step")
            begin_session(request, user, way=Session.Way.PASSWORD)
            return see_other(back)
        # One sentence for a wrong name, a wrong password and a switched-off account: it must not tell which.
        form.add_error(None, _("That user name and password do not go together."))
    shown = {"form": form, "next": back, **sign_in_ways(local=True)}
    return render_page(request, "accounts/sign_in.html", shown, status=422)


@require_safe
def sign_in_local(request: HttpRequest) -> HttpResponse:
    """The form for user name and password, also where the sign-in page shows providers alone."""
    shown = {"form": SignInForm(), "next": safe_next(request), **sign_in_ways(local=True)}
    return render_page(request, "accounts/sign_in.html", shown)


@signed_in
def signed_in_again(request: SignedInRequest) -> HttpResponse:
    """Where a sign-in in a second window ends: it tells the first one, which goes on with what was typed there."""
    return render_page(request, "accounts/signed_in_again.html", {"token": get_token(request)})


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
    """End the session; who came by a provider is told where to sign out there as well."""
    elsewhere = None
    if isinstance(request.user, User):
        elsewhere = sign_out_elsewhere(request)
        with transaction.atomic():
            if row := current(request):
                end(row)
            audit(request.user, "session.end", request.user)
    logout(request)
    if elsewhere is None:
        return see_other("sign_in")
    request.session[_ELSEWHERE] = elsewhere
    request.session.set_expiry(_ELSEWHERE_SECONDS)
    return see_other("signed_out")


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """Signed out here; the provider may still sign the same person in with one click."""
    elsewhere = request.session.get(_ELSEWHERE)
    if elsewhere is None or request.user.is_authenticated:
        return redirect("sign_in")
    return render_page(request, "accounts/signed_out.html", {"elsewhere": elsewhere})
