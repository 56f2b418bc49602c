"""For admins: who has to have a second factor, and which names are locked. And the door for when nothing else works."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import lockout
from accounts.commands import sign_in
from accounts.decorators import SignedInRequest, signed_in
from accounts.forms import BreakGlassForm, PolicyForm
from accounts.models import Session, SignInPolicy
from accounts.permissions import require
from accounts.sessions import current
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@signed_in
def rules(request: SignedInRequest) -> HttpResponse:
    """The rules as they are, a form to change them, and the locks that are on."""
    require(request.user, "sign_in_policy.view", None)
    policy = SignInPolicy.current()
    form = PolicyForm(
        request.POST if request.method == "POST" else None,
        initial={"require_second_factor": policy.require_second_factor},
    )
    if request.method == "POST" and form.is_valid():
        sign_in.edit_sign_in_policy(request.user, **form.cleaned_data, keep=current(request))
        sign_in.mark_if_lacking(request, request.user)
        messages.success(request, _("The rules are changed."), "ok")
        return see_other("sign_in_rules")
    page = page_of(lockout.locks(), request.GET.get("page"))
    shown = {
        "form": form,
        "page": page,
        "locks": [lockout.Lock.of(row) for row in page.object_list],
        "broken": Session.objects.alive().filter(way=Session.Way.BREAK_GLASS).select_related("user"),
    }
    return render_page(request, "accounts/sign_in_rules.html", shown, status=422 if form.errors else 200)


@require_POST
@signed_in
def lift(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Let a locked name be tried again."""
    require(request.user, "sign_in_lock.lift", None)
    lock = sign_in.find_lock(pk)
    if lock is None:
        raise Http404
    sign_in.lift_sign_in_lock(request.user, lock)
    messages.success(request, _("%(name)s may be tried again.") % {"name": lock.username}, "ok")
    return see_other("sign_in_rules")


@sensitive_post_parameters("code")
def break_glass(request: HttpRequest) -> HttpResponse:
    """Sign an admin in with a code from the server's command line. Opening the page alone uses nothing up."""
    form = BreakGlassForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            sign_in.use_break_glass(request, form.cleaned_data["code"])
        if form.is_valid():
            return see_other("/")
    return render_page(request, "accounts/break_glass.html", {"form": form}, status=422 if form.errors else 200)
