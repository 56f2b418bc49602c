"""What people are known as at providers: linking one's own after it is proven, an admin's linking by hand, undoing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.commands.identities import link_identity, unlink_identity
from accounts.decorators import SignedInRequest, signed_in
from accounts.factors.confirmed import is_fresh
from accounts.models import Identity, IdentityProvider, User
from accounts.permissions import require
from accounts.views.provider_sign_in import PROPOSED
from web.errors import Invalid
from web.fragments import render_page, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def link_own(request: SignedInRequest) -> HttpResponse:
    """Ask whether what the provider has just proven is to lead to this account, and link it."""
    proposed: dict[str, str] = request.session.get(PROPOSED) or {}
    provider = IdentityProvider.objects.filter(pk=proposed["provider"], is_active=True).first() if proposed else None
    if provider is None:
        return redirect("profile")
    if request.user.has_usable_password() and not is_fresh(request):
        # A new way in, past the password and the second factor: a session left open is not enough for it.
        back = urlencode({"next": reverse("link_own_identity")})
        return see_other(f"{reverse('confirm_identity')}?{back}")
    if request.method == "POST":
        del request.session[PROPOSED]
        link_identity(request.user, request.user, provider, proposed["subject"], called=proposed["called"], proven=True)
        messages.success(request, _("From now on %(name)s signs you in.") % {"name": provider.title}, "ok")
        return see_other("profile")
    return render_page(request, "accounts/link_identity.html", {"provider": provider, "called": proposed["called"]})


@require_POST
@signed_in
def link(request: SignedInRequest, username: str) -> HttpResponse:
    """Link somebody by hand."""
    require(request.user, "identity.link", None)
    user = get_object_or_404(User, username__iexact=username)
    provider = IdentityProvider.objects.filter(name=request.POST.get("provider", "")).first()
    if provider is None:
        raise Invalid.at("/provider", "does_not_exist", _("There is no such identity provider."))
    link_identity(request.user, user, provider, request.POST.get("subject", ""))
    messages.success(request, _("%(name)s signs %(user)s in.") % {"name": provider.title, "user": user.username}, "ok")
    return see_other(reverse("user", args=[user.username]))


@require_POST
@signed_in
def unlink(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Let nobody sign in by it any more."""
    rows = Identity.objects.visible_to(request.user).select_related("user", "provider")
    identity = get_object_or_404(rows, pk=pk)
    unlink_identity(request.user, identity)
    messages.success(request, _("%(name)s does not sign in here any more.") % {"name": str(identity)}, "ok")
    own = identity.user_id == request.user.pk
    return see_other("profile" if own else reverse("user", args=[identity.user.username]))
