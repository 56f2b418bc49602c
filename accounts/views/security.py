"""One's ways in: second factor, passkeys, and where one is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import lockout
from accounts.commands import second_factor
from accounts.commands.sessions import end_other_sessions, end_session
from accounts.decorators import SignedInRequest, signed_in
from accounts.factors import codes, confirmed, passkeys
from accounts.factors.confirmed import confirmed as freshly_confirmed
from accounts.forms import AuthenticatorForm, ConfirmForm, PasskeyForm
from accounts.models import Authenticator, Passkey, RecoveryCode, Session, SignInPolicy, User
from accounts.sessions import current
from web.errors import SlipwayError
from web.forms import refusals_on
from web.fragments import render_page, safe_next, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse, HttpResponseBase


@signed_in
def security(request: SignedInRequest) -> HttpResponse:
    """What protects the caller's account, and where they are signed in."""
    return _page(request, PasskeyForm())


@signed_in
@sensitive_post_parameters("password", "credential")
def confirm_identity(request: SignedInRequest) -> HttpResponse:
    """Ask for the password or a passkey again, before the ways in are changed."""
    back = safe_next(request, reverse("security"))
    form = ConfirmForm(request.POST if request.method == "POST" and "credential" not in request.POST else None)
    if request.method == "POST" and _is_confirmed(request, form):
        confirmed.note(request)
        return see_other(back)
    shown = {
        "form": form,
        "next": back,
        "has_passkey": Passkey.objects.filter(user=request.user, host=passkeys.host_of(request)).exists(),
    }
    return render_page(
        request, "accounts/confirm_identity.html", shown, status=422 if request.method == "POST" else 200
    )


@require_POST
@freshly_confirmed
def begin_authenticator(request: SignedInRequest) -> HttpResponse:
    """Make the secret for an app, and go to its picture."""
    second_factor.begin_authenticator(request.user)
    return see_other("authenticator")


@freshly_confirmed
@sensitive_post_parameters("code")
def authenticator(request: SignedInRequest) -> HttpResponse:
    """The picture that the app reads, and the code with which it shows that it did."""
    row = Authenticator.objects.filter(user=request.user).first()
    secret = row.secrets.get("pending", "") if row else ""
    if not secret:
        return see_other("security")
    form = AuthenticatorForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        recovery: list[str] = []
        with refusals_on(form):
            recovery = second_factor.turn_on_authenticator(request.user, form.cleaned_data["code"])
        if form.is_valid():
            messages.success(request, _("The authenticator app is set up. It is asked for at the next sign-in."), "ok")
            return _codes_page(request, recovery) if recovery else see_other("security")
    shown = {"form": form, "secret": secret, "picture": codes.picture(codes.address_of(request.user, secret))}
    return render_page(request, "accounts/authenticator.html", shown, status=422 if form.errors else 200)


@require_POST
@freshly_confirmed
def remove_authenticator(request: SignedInRequest) -> HttpResponse:
    """Do without the app."""
    second_factor.remove_authenticator(request.user)
    messages.success(request, _("The authenticator app is removed."), "ok")
    return see_other("security")


@require_POST
@freshly_confirmed
def make_recovery_codes(request: SignedInRequest) -> HttpResponse:
    """Ten new codes, shown in this one answer and kept nowhere."""
    return _codes_page(request, second_factor.make_recovery_codes(request.user))


@require_POST
@freshly_confirmed
@sensitive_post_parameters("credential")
def add_passkey(request: SignedInRequest) -> HttpResponse:
    """Keep the passkey that the browser has just made."""
    form = PasskeyForm(request.POST)
    recovery: list[str] = []
    if form.is_valid():
        with refusals_on(form):
            made = passkeys.made(request, form.cleaned_data["credential"])
            recovery = second_factor.add_passkey(request.user, made, form.cleaned_data["name"])
    if not form.is_valid():
        return _page(request, form, status=422)
    messages.success(request, _("The passkey is kept. It signs you in without a password."), "ok")
    return _codes_page(request, recovery) if recovery else see_other("security")


@require_POST
@signed_in
def remove_passkey(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Let one passkey sign nobody in any more."""
    return _remove(request, get_object_or_404(Passkey, pk=pk, user=request.user))


@require_POST
@signed_in
def end_one_session(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Sign one browser out: of one's own, or of anybody as an admin."""
    found = get_object_or_404(Session.objects.visible_to(request.user).select_related("user"), pk=pk)
    end_session(request.user, found)
    messages.success(request, _("The session has ended."), "ok")
    return see_other(_page_of(request, found.user))


@require_POST
@signed_in
def end_the_others(request: SignedInRequest) -> HttpResponse:
    """Sign oneself, or as an admin the one whom `user` names, out everywhere but here."""
    person = request.user
    if name := request.POST.get("user", ""):
        person = get_object_or_404(User.objects.visible_to(request.user), username__iexact=name)
    ended = end_other_sessions(request.user, person, but=current(request))
    messages.success(request, _("Sessions ended: %(count)d.") % {"count": ended}, "ok")
    return see_other(_page_of(request, person))


@freshly_confirmed
def _remove(request: SignedInRequest, passkey: Passkey) -> HttpResponse:
    second_factor.remove_passkey(request.user, passkey)
    messages.success(request, _("The passkey no longer signs anybody in. Remove it from its device as well."), "ok")
    return see_other("security")


def _page_of(request: SignedInRequest, person: User) -> str:
    return reverse("security") if person.pk == request.user.pk else reverse("user", args=[person.username])


def _is_confirmed(request: SignedInRequest, form: ConfirmForm) -> bool:
    if "credential" in request.POST:
        try:
            passkeys.proven(request, "confirm", request.POST["credential"], request.user)
        except SlipwayError as error:
            messages.error(request, " ".join(part for part in (error.detail, error.next) if part), "bad")
            return False
        return True
    if not form.is_valid():
        return False
    if lockout.proves_password(request, request.user, form.cleaned_data["password"]):
        return True
    form.add_error("password", _("This is not your password."))
    return False


def _codes_page(request: SignedInRequest, recovery: list[str]) -> HttpResponse:
    return render_page(request, "accounts/recovery_codes.html", {"codes": recovery}, status=201)


def _page(request: SignedInRequest, form: PasskeyForm, status: int = 200) -> HttpResponse:
    own, here = request.user, current(request)
    recovery = RecoveryCode.objects.filter(user=own)
    shown = {
        "form": form,
        "is_local": own.has_usable_password(),
        "is_required": SignInPolicy.current().covers(own),
        "is_confirmed": confirmed.is_fresh(request),
        "app": Authenticator.objects.filter(user=own, is_on=True).first(),
        "passkeys": Passkey.objects.filter(user=own),
        "no_passkeys": passkeys.why_not(request),
        "codes_left": recovery.filter(used_at=None).count(),
        "sessions": Session.objects.filter(user=own).alive(),
        "here": here.pk if here else None,
        "person": own,
    }
    return render_page(request, "accounts/security.html", shown, status=status)
