"""Signing in by a provider: out to it and back. People link their own account so, and admins try a provider so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.commands.identity_providers import record_test
from accounts.decorators import SignedInRequest, signed_in, to_sign_in
from accounts.forms import SignInForm
from accounts.models import IdentityProvider, User
from accounts.oidc import discovery, flow
from accounts.oidc.errors import SignInFailed
from accounts.oidc.recognise import recognise, welcome
from accounts.oidc.rules import apply_rules
from accounts.oidc.trial import Trial, keep_trial
from accounts.oidc.vouching import vouch
from accounts.oidc.ways import sign_in_ways
from accounts.permissions import require
from audit.record import audit
from web.fragments import render_page, safe_next, see_other
from web.problems import document

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PROPOSED = "proposed_identity"


@require_safe
def begin_sign_in(request: HttpRequest, name: str) -> HttpResponse:
    """Send the browser to a provider."""
    back = safe_next(request)
    if request.user.is_authenticated:
        return redirect(back)
    provider = IdentityProvider.objects.filter(name=name, is_active=True).first()
    if provider is None:
        return _refused(request, _no_such(), back)
    return _out(request, provider, "sign_in", back)


@require_safe
@signed_in
def begin_link(request: SignedInRequest, name: str) -> HttpResponse:
    """Send a signed-in person to a provider, to prove who they are there."""
    provider = get_object_or_404(IdentityProvider, name=name, is_active=True)
    return _out(request, provider, "link", "/settings/profile/")


@require_safe
@signed_in
def begin_test(request: SignedInRequest, name: str) -> HttpResponse:
    """Send an admin through the whole flow without signing anybody in."""
    require(request.user, "identity_provider.test", None)
    provider = get_object_or_404(IdentityProvider, name=name)
    discovery.forget(provider)
    try:
        return redirect(flow.begin(request, provider, purpose="test"))
    except SignInFailed as failure:
        return _tried(request, request.user, provider, Trial.failed(failure))


@require_safe
def finish_sign_in(request: HttpRequest, name: str) -> HttpResponse:
    """Where a provider sends the browser back to."""
    provider = IdentityProvider.objects.filter(name=name).first()
    back = "/"
    try:
        if provider is None:
            raise _no_such()
        pending = flow.take_pending(request, provider)
        back = pending.next
        if pending.purpose == "sign_in":
            return _sign_in(request, provider, pending)
        if not isinstance(request.user, User) or not request.user.is_active:
            return to_sign_in(request)
        if pending.purpose == "test":
            return _try(request, request.user, provider, pending)
        return _propose(request, provider, pending)
    except SignInFailed as failure:
        return _refused(request, failure, back)


def _out(request: HttpRequest, provider: IdentityProvider, purpose: str, back: str) -> HttpResponse:
    try:
        return redirect(flow.begin(request, provider, purpose=purpose, next=back))
    except SignInFailed as failure:
        return _refused(request, failure, back)


def _sign_in(request: HttpRequest, provider: IdentityProvider, pending: flow.Pending) -> HttpResponse:
    if not provider.is_active:
        raise _no_such()
    proof = flow.finish(provider, pending, request.GET.dict())
    try:
        identity = welcome(provider, proof.person)
    except SignInFailed as failure:
        # From here on it was a proven person who was refused.
        subject, called = proof.person.subject, proof.person.username
        with transaction.atomic():
            audit(None, "session.refuse", provider, subject=subject, called=called, why=failure.detail)
        raise
    apply_rules(identity, proof.person.groups)
    vouch(request, identity, proof)
    return see_other(pending.next)


def _try(request: HttpRequest, by: User, provider: IdentityProvider, pending: flow.Pending) -> HttpResponse:
    require(by, "identity_provider.test", None)
    try:
        proof = flow.finish(provider, pending, request.GET.dict())
    except SignInFailed as failure:
        return _tried(request, by, provider, Trial.failed(failure))
    try:
        found = recognise(provider, proof.person)
    except SignInFailed as failure:
        return _tried(request, by, provider, Trial.failed(failure, proof))
    return _tried(request, by, provider, Trial.passed(provider, proof, found))


def _tried(request: HttpRequest, by: User, provider: IdentityProvider, trial: Trial) -> HttpResponse:
    record_test(by, provider, trial.check)
    keep_trial(request, provider, trial)
    return redirect("identity_provider_test", provider.name)


def _propose(request: HttpRequest, provider: IdentityProvider, pending: flow.Pending) -> HttpResponse:
    """The person is asked whether that is them before anything is linked: a stranger's link may have led here."""
    person = flow.finish(provider, pending, request.GET.dict()).person
    identity = provider.identities.filter(subject=person.subject).select_related("user").first()
    if identity and identity.user_id == request.user.pk:
        messages.success(request, _("%(name)s is linked to your account already.") % {"name": provider.title}, "ok")
        return redirect("profile")
    request.session[PROPOSED] = {"provider": str(provider.pk), "subject": person.subject, "called": person.username}
    return redirect("link_own_identity")


def _no_such() -> SignInFailed:
    return SignInFailed(
        "discovery",
        _("There is no such way to sign in, or it is switched off."),
        next=_("Choose another one, or ask an admin."),
    )


def _refused(request: HttpRequest, failure: SignInFailed, back: str) -> HttpResponse:
    """The sign-in page with what failed; to who is signed in already, a page that says so."""
    if request.user.is_authenticated:
        raise failure
    shown = {
        "form": SignInForm(),
        "next": back,
        "problem": document(failure, request.path),
        **sign_in_ways(),
    }
    return render_page(request, "accounts/sign_in.html", shown, status=failure.status)
