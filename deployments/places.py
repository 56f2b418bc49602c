"""What this room puts on the pages of others: an entry in the rail, releases in the catalog, live topics."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import why_not
from deployments.freeze import window_rows
from deployments.models import Promotion, Release
from deployments.palette_actions import release_actions
from deployments.queries import active_count, inbox_count, release_list, row_extras
from services import queries, slots
from services.models import Environment, Service
from web import live, nav, palette
from web.ago import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User

MOST_RECENT = 8
MOST_SEARCHED = 200
NAMED_BY = ("status", "version_label", "images", "target__service__name", "target__environment__name")


def take_places() -> None:
    """Register all of it; called once, when the apps are ready."""
    nav.add(nav.NavItem(_("Releases"), "deployments:releases", "rocket", 20, active_count))
    nav.add(nav.NavItem(_("Promotions"), "deployments:promotions", "workflow", 21))
    nav.add(nav.NavItem(_("Approvals"), "deployments:approvals", "circle-check", 22, inbox_count))
    nav.add(nav.NavItem(_("Analysis"), "deployments:analysis_templates", "flask-conical", 25))
    palette.add("releases", palette.Source(_("Releases"), _found, order=20))
    palette.add("release-actions", palette.Source(_("Decisions"), release_actions, order=15))
    live.register_topic("release", _may_follow)
    live.register_topic("releases", lambda _user, _topic: True)
    live.register_topic("analysis_templates", lambda _user, _topic: True)
    live.register_topic("approvals", lambda _user, _topic: True)
    live.register_topic("promotions", lambda _user, _topic: True)
    live.register_topic("promotion", _may_follow_promotion)
    queries.row_extras.append(row_extras)
    slots.service_page.append(recent_releases)
    slots.environment_page.append(freeze_windows)
    slots.environment_page.append(promotion_gate)


def recent_releases(user: User, service: Service) -> slots.Slot | None:
    """The card of the service page; None before the first release."""
    rows = list(release_list(user).filter(target__service=service)[:MOST_RECENT])
    if not rows:
        return None
    context = {"releases": rows, "service": service}
    return slots.Slot("releases", _("Recent releases"), "deployments/recent.html", context)


def freeze_windows(user: User, environment: Environment) -> slots.Slot:
    """The card of the environment page: its windows, which of them holds now, and when the others do."""
    context = {
        "windows": window_rows(environment, timezone.now()),
        "edit_url": reverse("environment.freeze_windows", args=[environment.name]),
        "why_not": why_not(user, "environment.edit", None),
    }
    return slots.Slot("windows", _("Freeze windows"), "deployments/freeze_windows.html", context)


def promotion_gate(user: User, environment: Environment) -> slots.Slot:
    """The card of the environment page: where images have to prove themselves before they may be released here."""
    context = {
        "gate": environment.promotion,
        "soak": duration((environment.promotion or {}).get("soak_seconds") or 0),
        "edit_url": reverse("environment.edit", args=[environment.name]),
        "why_not": why_not(user, "environment.edit", None),
    }
    return slots.Slot("promotion", _("Promotion gate"), "deployments/promotion_gate.html", context)


def _may_follow_promotion(user: User, topic: str) -> bool:
    try:
        promotion_id = UUID(topic.partition(":")[2])
    except ValueError:
        return False
    return Promotion.objects.visible_to(user).filter(pk=promotion_id).exists()


def _may_follow(user: User, topic: str) -> bool:
    try:
        release_id = UUID(topic.partition(":")[2])
    except ValueError:
        return False
    return Release.objects.visible_to(user).filter(pk=release_id).exists()


def _found(user: User, words: str) -> Iterable[palette.Found]:
    """Recent releases whose service or version the words name."""
    recent = Release.objects.visible_to(user).select_related("target__service", "target__environment").only(*NAMED_BY)
    for release in recent[:MOST_SEARCHED]:
        name = f"{release.target.service.name} {release.label} {release.target.environment.name}"
        if palette.matches(name, words):
            yield palette.Found(
                f"{release.target.service.name} → {release.label}",
                release.get_absolute_url(),
                "rocket",
                f"{release.target.environment.name}, {release.get_status_display()}",
            )
