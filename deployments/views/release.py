"""The page of one release: how it stands, why, and what can be done about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from deployments.analysis.charts import charts_of
from deployments.approval_card import card_on_release
from deployments.by_hand import lines_of
from deployments.decisions import decisions_of
from deployments.headline import cause_of, saying_of, standing_of
from deployments.models import Release
from deployments.queries import events_of, pods_of, release_named
from deployments.shares import kind_of, weight_of
from deployments.sides import sides_of
from deployments.slots import slots_of
from deployments.step_results import results_by_step
from deployments.strategy_words import strategy_name
from deployments.switches import between_last_releases
from deployments.template_diff import template_diff
from deployments.timeline import lines_of_timeline
from deployments.track import track
from web.fragments import is_htmx, render_page

# The parts of the page that its live regions fetch: what they do not show is not asked for.
LIVE, ABOUT = "progress", "about"
DIFF_KEPT_SECONDS = 900


@require_safe
@signed_in
def release(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """One release, whole or (for htmx) its live part."""
    found = release_named(request.user, release_id)
    part = request.GET.get("fragment", "") if is_htmx(request) else ""
    context = {} if part == ABOUT else live_context(request, found)
    if part != LIVE:
        context |= about_context(found)
    if not part:
        context |= {
            "standing_slots": slots_of(request.user, found),
            "switch": between_last_releases(request.user, found.target),
            "number_label": _("Release #%(number)d") % {"number": found.number},
        }
    return render_page(request, "deployments/release.html", context)


def about_context(found: Release) -> dict[str, Any]:
    """What was asked, and the same from a shell: it changes when the release begins, is edited, and ends."""
    return {
        "release": found,
        "target": found.target,
        "strategy_name": strategy_name(found.strategy),
        "by_hand": lines_of(found),
        "source_link": found.source_url if found.source_url.startswith(("https://", "http://")) else "",
        "own_topic": f"release:{found.pk}",
    }


def live_context(request: SignedInRequest, found: Release) -> dict[str, Any]:
    """What changes while a release runs."""
    events, now = events_of(found), timezone.now()
    is_newest = not Release.objects.filter(target_id=found.target_id, number__gt=found.number).exists()
    cause = cause_of(found)
    # The pods of a workload say nothing about a release that others have followed.
    pods = pods_of(found) if is_newest else None
    card, charts = card_on_release(found, request.user), charts_of(found)
    return {
        "release": found,
        "target": found.target,
        "standing": standing_of(found, now),
        "cause": cause,
        "saying": saying_of(found, cause),
        "steps": track(found, events, now, results_by_step(charts, card)),
        "strategy_name": strategy_name(found.strategy),
        "is_rolling": kind_of(found) == "rolling",
        "weight": weight_of(found),
        "sides": sides_of(found, pods),
        "pods": pods,
        "card": card,
        "analyses": charts,
        "decisions": decisions_of(found, request.user, is_newest=is_newest),
        "events": lines_of_timeline(events),
        "diff": _diff(found),
        "is_newest": is_newest,
        # The catalog tells of every change of the workload; a release that has ended stays as it ended.
        "topics": f"release:{found.pk}" + ("" if found.ended else f",service:{found.target.service.name}"),
    }


def _diff(found: Release) -> str:
    """What changes: the same for as long as nobody edits the release, so it is made once, not at every refresh."""

    def made() -> str:
        return template_diff(found.template_from, found.template_to)

    return cache.get_or_set(f"release-diff:{found.pk}:{found.edits}", made, DIFF_KEPT_SECONDS) or ""
