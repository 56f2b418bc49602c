"""Promotions: the matrix of versions and environments, the review of what would be promoted, and how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import team_names, why_not
from deployments.commands import abort_promotion, plan_promotion, promote_service, start_promotion
from deployments.confirming import asks_for_name, wrong_name
from deployments.models import Promotion, PromotionItem, Release
from deployments.once import new_token, start_once
from deployments.promotion.choosing import BulkPlan
from deployments.promotion.forms import PromotionForm
from deployments.promotion.matrix import matrix
from deployments.promotion.serializers import problem_of, releases_of
from deployments.queries.promotions import (
    matrix_services,
    only_ahead,
    promotion_list,
    promotion_named,
    services_named,
    services_of_system,
)
from services.models import Environment, Service
from web.errors import Conflict, Invalid, NotPermitted, SlipwayError
from web.fragments import render_page, see_other
from web.paging import page_of

FILTERS = ("search", "team", "system")
PAGE_SIZE = 50
OPEN = (PromotionItem.State.PENDING, PromotionItem.State.STARTED)


@require_safe
@signed_in
def promotions(request: SignedInRequest) -> HttpResponse:
    """The matrix: services by environments; every filter is in the address."""
    given = {name: request.GET.get(name, "") for name in FILTERS}
    ahead = request.GET.get("ahead", "") == "on"
    environments = list(Environment.objects.all())
    services = matrix_services(request.user, **given, ahead=False)
    services, count = only_ahead(services) if ahead else (services, None)
    page = page_of(services, request.GET.get("page"), PAGE_SIZE, count=count)
    context = {
        "page": page,
        "rows": matrix(request.user, list(page.object_list), environments),
        "environments": environments,
        "hops": list(pairwise(environments)),
        "given": given,
        "ahead": ahead,
        "is_filtered": ahead or any(given.values()),
        "teams": team_names(request.user),
        "clear_url": reverse("deployments:promotions"),
        "start_url": reverse("deployments:promotion_start"),
    }
    return render_page(request, "deployments/promotions.html", context)


@require_safe
@signed_in
def started(request: SignedInRequest) -> HttpResponse:
    """The promotions of several services, newest first."""
    page = page_of(promotion_list(request.user), request.GET.get("page"), PAGE_SIZE)
    return render_page(request, "deployments/promotions_started.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def start(request: SignedInRequest) -> HttpResponse:
    """GET shows what would be promoted; POST does it. Each step keeps all that was typed."""
    typed = request.POST if request.method == "POST" else request.GET
    form = PromotionForm(typed)
    if not form.is_valid():
        return _review(request, form, None, None)
    try:
        services = _services(request, typed)
        plan = plan_promotion(request.user, services=services, **form.wish())
    except (Invalid, Conflict, NotPermitted) as refusal:
        return _review(request, form, None, refusal)
    if request.method != "POST":
        return _review(request, form, plan, None)
    if wrong := wrong_name(plan.to, typed.get("confirm", "")):
        return _review(request, form, plan, wrong)
    try:
        return see_other(_start(request, form, plan, services))
    except (Invalid, Conflict, NotPermitted) as refusal:
        return _review(request, form, plan, refusal)


def _start(
    request: SignedInRequest, form: PromotionForm, plan: BulkPlan, services: Sequence[Service]
) -> Release | Promotion:
    """One service is a release; several are a promotion that goes on by itself."""
    if len(services) == 1:
        found = plan.candidates[0]

        def one() -> Release:
            return promote_service(
                request.user,
                service=found.service,
                **form.wish(),
                reason=form.cleaned_data["reason"],
                expected=found.image,
            )

        return start_once(request.user, request.POST, request.path, one)

    def many() -> Promotion:
        return start_promotion(
            request.user,
            services=services,
            **form.wish(),
            system="" if request.POST.getlist("service") else request.POST.get("system", ""),
            reason=form.cleaned_data["reason"],
            max_parallel=form.cleaned_data["max_parallel"],
        )

    return start_once(request.user, request.POST, request.path, many, model=Promotion)


def _services(request: SignedInRequest, typed: QueryDict) -> list[Service]:
    named = typed.getlist("service")
    return services_named(request.user, named) if named else services_of_system(request.user, typed.get("system", ""))


def _review(
    request: SignedInRequest, form: PromotionForm, plan: BulkPlan | None, refusal: SlipwayError | None
) -> HttpResponse:
    typed = request.POST if request.method == "POST" else request.GET
    chosen = [("service", name) for name in typed.getlist("service")] or [("system", typed.get("system", ""))]
    context: dict[str, Any] = {
        "form": form,
        "plan": plan,
        "refusal": refusal,
        "chosen": chosen,
        "confirm_label": _confirm_label(plan) if plan else "",
        "needs_name": plan is not None and asks_for_name(plan.to),
        "why_not": _why_not(plan) if plan else _("Correct what is marked first."),
        "can_wait": plan is not None and any(one.gate == "promotion" and one.until for one in plan.refused),
        "can_override": plan is not None and any(one.gate == "promotion" for one in plan.candidates),
        "token": new_token(),
        "back_url": f"{reverse('deployments:promotions')}?{urlencode({'system': typed.get('system', '')})}",
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render_page(request, "deployments/promotion_start.html", context, status=status)


def _confirm_label(plan: BulkPlan) -> str:
    if len(plan.candidates) == 1:
        return plan.candidates[0].label or _("Promote to %(environment)s") % {"environment": plan.to.name}
    said = {"count": len(plan.released), "environment": plan.to.name}
    return _("Promote %(count)d services to %(environment)s") % said


def _why_not(plan: BulkPlan) -> str:
    if plan.released:
        return ""
    if plan.refused:
        return plan.refused[0].why
    return _("The same images run in both environments.")


@require_safe
@signed_in
def promotion(request: SignedInRequest, promotion_id: UUID) -> HttpResponse:
    """How far each service of one promotion has come."""
    shown = promotion_named(request.user, promotion_id)
    items, releases = shown.seen_items, releases_of(shown)
    rows = [(item, releases.get(item.service_id)) for item in items]
    tried = [item for item in items if item.wave]
    context = {
        "promotion": shown,
        "problem": problem_of(shown),
        "topics": f"promotion:{shown.pk}",
        "waves": _by_wave(rows),
        "left_out": [item for item in items if not item.wave],
        "done": sum(item.state not in OPEN for item in tried),
        "count": len(tried),
        "can_stop": not shown.has_ended and not shown.abort_asked,
        "why_not": why_not_abort(request, shown, items),
    }
    return render_page(request, "deployments/promotion.html", context)


def why_not_abort(request: SignedInRequest, shown: Promotion, items: Sequence[PromotionItem]) -> str:
    """Why this person may not stop it, "" when they may."""
    pending = [item for item in items if item.state == PromotionItem.State.PENDING]
    teams = {item.service.team_id: item.service.team for item in pending or items}
    owners = list(teams.values())
    asked = owners[:1] if shown.created_by_id == request.user.pk else owners
    return next((why for team in asked if (why := why_not(request.user, "promotion.abort", team, shown.to.name))), "")


@require_POST
@signed_in
def abort(request: SignedInRequest, promotion_id: UUID) -> HttpResponse:
    """Have nothing more of it begin."""
    shown = promotion_named(request.user, promotion_id)
    try:
        abort_promotion(shown, by=request.user, reason=request.POST.get("reason", "").strip()[:2000])
    except (Conflict, Invalid) as refusal:
        messages.warning(request, " ".join(part for part in (str(refusal.detail), str(refusal.next)) if part))
    return see_other(shown)


def _by_wave(
    rows: Sequence[tuple[PromotionItem, Release | None]],
) -> list[tuple[int, list[tuple[PromotionItem, Release | None]]]]:
    numbers = sorted({item.wave for item, _release in rows if item.wave})
    return [(number, [row for row in rows if row[0].wave == number]) for number in numbers]
