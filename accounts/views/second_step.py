"""The second step of a sign-in, and the sign-in by passkey alone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import lockout
from accounts.factors import codes, halfway, passkeys
from accounts.forms import CodeForm
from accounts.models import Passkey, Session, User
from accounts.sessions import begin_session
from web.errors import NotFound, NotSignedIn, SlipwayError
from web.forms import tell
from web.fragments import render_page, safe_next, see_other

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@sensitive_post_parameters("code", "credential")
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for a code, or a passkey, of whoever has given the right password in this browser within five minutes."""
    found = halfway.who(request)
    if found is None:
        return _begin_again(request)
    user, back = found
    form = CodeForm(request.POST if request.method == "POST" and "credential" not in request.POST else None)
    try:
        if request.method == "POST" and _is_proven(request, user, form):
            halfway.forget(request)
            begin_session(request, user, way=Session.Way.PASSWORD)
            return see_other(back)
    except SlipwayError as error:
        form = CodeForm(request.POST)
        form.full_clean()
        form.errors.clear()
        tell(form, error)
    here = passkeys.host_of(request)
    shown = {
        "form": form,
        "person": user,
        "has_app": hasattr(user, "authenticator") and user.authenticator.is_on,
        "has_passkey": Passkey.objects.filter(user=user, host=here).exists(),
    }
    return render_page(request, "accounts/second_step.html", shown, status=422 if request.method == "POST" else 200)


@require_POST
@sensitive_post_parameters("credential")
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in whoever holds the passkey: no name, no password, no lock, for it cannot be guessed."""
    back = safe_next(request)
    try:
        passkey = passkeys.proven(request, "sign-in", request.POST.get("credential", ""))
        if not passkey.user.has_usable_password():
            raise passkeys.PasskeyRefused(_("You sign in through an identity provider."))
    except SlipwayError as error:
        messages.error(request, " ".join(part for part in (error.detail, error.next) if part), "bad")
        return see_other(f"{reverse('sign_in')}?{urlencode({'next': back})}")
    begin_session(request, passkey.user, way=Session.Way.PASSKEY)
    return see_other(back)


@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """The challenge for the browser's next ceremony: `for` says which."""
    purpose = request.POST.get("for", "")
    if reason := passkeys.why_not(request):
        raise passkeys.NoPasskeysHere(reason)
    if purpose == "sign-in":
        return JsonResponse(passkeys.options_to_prove(request, purpose))
    if purpose == "second":
        found = halfway.who(request)
        if found is None:
            raise NotSignedIn(_("The password was too long ago. Sign in again."))
        return JsonResponse(passkeys.options_to_prove(request, purpose, found[0]))
    if purpose in {"confirm", "make"}:
        if not isinstance(request.user, User):
            raise NotSignedIn(_("Sign in first."))
        if purpose == "make":
            return JsonResponse(passkeys.options_to_make(request, request.user))
        return JsonResponse(passkeys.options_to_prove(request, purpose, request.user))
    raise NotFound(_("There is no such ceremony."))


def _is_proven(request: HttpRequest, user: User, form: CodeForm) -> bool:
    if "credential" in request.POST:
        passkeys.proven(request, "second", request.POST["credential"], user)
        return True
    if not form.is_valid():
        return False
    if lockout.is_locked(request, user):
        raise lockout.locked()
    if codes.accept(user, form.cleaned_data["code"]):
        return True
    lockout.note_wrong_code(request, user)
    form.add_error("code", _("This code is wrong, too old, or was used already."))
    return False


def _begin_again(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(safe_next(request))
    messages.warning(request, _("That took more than five minutes. Sign in again."), "hold")
    return see_other(reverse("sign_in"))
