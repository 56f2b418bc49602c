"""Who may use which namespaces."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import require, why_not
from clusters.commands.grant import create_grant, remove_grant
from clusters.forms import GrantForm, show_refusal
from clusters.models import Grant
from web.errors import Invalid
from web.fragments import render_page, see_other

PAGE_SIZE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def grants(request: SignedInRequest) -> HttpResponse:
    """The grants that concern the person, and for admins the form that adds one."""
    refusal = why_not(request.user, "grant.create", None)
    form = None if refusal else GrantForm(request.POST or None)
    if request.method == "POST":
        require(request.user, "grant.create", None)
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            create_grant(request.user, form.cleaned_data["team"], form.cleaned_data["cluster"], form.wanted())
            return see_other(reverse("grants"))
        except Invalid as error:
            show_refusal(form, error)
    rows = Grant.objects.visible_to(request.user).select_related("team", "cluster")
    page = Paginator(rows.order_by("team__name", "cluster__name"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "why_not": refusal}
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "clusters/grants.html", context, status=status)


@require_POST
@signed_in
def remove(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Take a grant back."""
    remove_grant(request.user, get_object_or_404(Grant.objects.visible_to(request.user), pk=grant_id))
    return see_other(reverse("grants"))
