"""The inbox of approvals, the page on which one decides, and the two buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import SignedInRequest, signed_in
from deployments.approval_card import card_of, cards_of
from deployments.commands import approve_release, reject_release
from deployments.models import Approval, Release
from deployments.queries import release_named
from deployments.queries.approvals import approval_list, approval_named, inbox
from deployments.risk import risks_of
from deployments.sides import sides_of
from deployments.slots import slots_of
from deployments.template_diff import template_diff
from deployments.track import track
from web.errors import Conflict, NotPermitted
from web.fragments import render_page, safe_next, see_other
from web.paging import page_of

PAGE_SIZE = 50
SHOWN = ("mine", "waiting", "decided")


@require_safe
@signed_in
def approvals(request: SignedInRequest) -> HttpResponse:
    """What waits for the caller's voice; with `show`, what waits for others, or what was decided."""
    show = request.GET.get("show", "mine")
    show = show if show in SHOWN else "mine"
    page = page_of(_rows(request, show).order_by("-asked_at", "-id"), request.GET.get("page"), PAGE_SIZE)
    address = reverse("deployments:approvals")
    context = {
        "page": page,
        "cards": cards_of(page.object_list, request.user),
        "show": show,
        "urls": {one: f"{address}?show={one}" for one in SHOWN},
    }
    return render_page(request, "deployments/approvals.html", context)


@require_safe
@signed_in
def approval(request: SignedInRequest, approval_id: UUID) -> HttpResponse:
    """What would be let through, who asked, how risky it is, and the two buttons."""
    found = approval_named(request.user, approval_id)
    release = found.release
    context = {
        "card": card_of(found, request.user),
        "release": release,
        "target": release.target,
        "risks": risks_of(release),
        "steps": track(release, [], found.asked_at),
        "sides": sides_of(release, None),
        "diff": template_diff(release.template_from, release.template_to),
        "standing_slots": slots_of(request.user, release),
        "topics": f"release:{release.pk},approvals",
    }
    return render_page(request, "deployments/approval.html", context)


@require_POST
@signed_in
def approve(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Say yes."""
    return _voiced(request, release_id, approve_release, _("You approved."))


@require_POST
@signed_in
def reject(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Say no."""
    return _voiced(request, release_id, reject_release, _("You rejected the release; it is aborted."))


def _rows(request: SignedInRequest, show: str) -> Any:
    if show == "mine":
        return inbox(request.user)
    rows = approval_list(request.user)
    pending = Approval.State.PENDING
    return rows.filter(state=pending) if show == "waiting" else rows.exclude(state=pending)


def _voiced(request: SignedInRequest, release_id: UUID, command: Callable[..., Release], done: str) -> HttpResponse:
    """Give the voice and go back to where the button was; a refusal is said there."""
    release = release_named(request.user, release_id)
    try:
        command(
            release,
            by=request.user,
            comment=request.POST.get("comment", ""),
            subject=request.POST.get("subject", ""),
        )
        messages.success(request, done)
    except (Conflict, NotPermitted) as refusal:
        if isinstance(refusal, NotPermitted) and not request.POST.get("next"):
            raise
        messages.warning(request, " ".join(part for part in (str(refusal.detail), str(refusal.next)) if part))
    return see_other(safe_next(request, release.get_absolute_url()))
