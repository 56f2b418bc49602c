"""The page on which a person lets a program act for them, or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.commands.device_logins import allow_device_login, device_login_named, refuse_device_login
from accounts.decorators import SignedInRequest, signed_in
from accounts.device.codes import shown
from accounts.device.forms import AllowForm, CodeForm
from accounts.durations import parse_duration
from web.forms import refusals_on
from web.fragments import render_page, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.models import DeviceLogin


@signed_in
def device(request: SignedInRequest) -> HttpResponse:
    """Ask for the code, then show who asks for what. The link of a program fills the code in and decides nothing."""
    if request.method != "POST":
        return _ask(request, CodeForm(initial={"code": request.GET.get("code", "")[:20]}))
    form, login = _meant(request)
    return _decide(request, login, AllowForm(login.scopes)) if login else _ask(request, form)


@require_POST
@signed_in
def allow(request: SignedInRequest) -> HttpResponse:
    """Let it act within what was chosen."""
    form, login = _meant(request)
    if login is None:
        return _ask(request, form)
    chosen = AllowForm(login.scopes, request.POST)
    if chosen.is_valid():
        with refusals_on(chosen):
            lasts = parse_duration(chosen.cleaned_data["lasts"], "/lasts")
            allow_device_login(request.user, login, scopes=chosen.cleaned_data["scopes"], lasts=lasts)
    if chosen.errors:
        return _decide(request, login, chosen)
    told = _("%(client)s is signed in as you. You may close this page; its token stands under Settings, Tokens.")
    messages.success(request, told % {"client": login.client}, "ok")
    return see_other("device")


@require_POST
@signed_in
def refuse(request: SignedInRequest) -> HttpResponse:
    """Send it away."""
    form, login = _meant(request)
    if login:
        with refusals_on(form):
            refuse_device_login(request.user, login)
    if login is None or form.errors:
        return _ask(request, form)
    messages.success(request, _("%(client)s was refused.") % {"client": login.client}, "ok")
    return see_other("device")


def _meant(request: SignedInRequest) -> tuple[CodeForm, DeviceLogin | None]:
    """The request behind the code that was typed; None where the form says why there is none."""
    form, login = CodeForm(request.POST), None
    if form.is_valid():
        with refusals_on(form):
            login = device_login_named(request.user, form.cleaned_data["code"])
    return form, login


def _ask(request: SignedInRequest, form: CodeForm) -> HttpResponse:
    return render_page(request, "accounts/device.html", {"form": form}, status=422 if form.errors else 200)


def _decide(request: SignedInRequest, login: DeviceLogin, form: AllowForm) -> HttpResponse:
    context = {"login": login, "code": shown(login.user_code), "form": form}
    return render_page(request, "accounts/device_decision.html", context, status=422 if form.errors else 200)
