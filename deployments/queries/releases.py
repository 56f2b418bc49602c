"""Releases, as lists and one by one, never more than the asker may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from clusters.models import Cluster
from deployments.models import Release
from deployments.shares import kind_of, weight_of
from services.models import Service, Target
from web.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import User

FILTERS = {
    "service": "target__service__name",
    "environment": "target__environment__name",
    "cluster": "target__cluster__name",
    "team": "target__service__team__name",
    "status": "status",
    "strategy": "strategy__type",
    "created_by": "created_by__username",
}
"""Query parameter -> what it compares."""

SEARCHED = (
    "target__service__name",
    "target__environment__name",
    "version_label",
    "images",
    "commit",
    "note",
    "created_by__username",
)
ORDERINGS = ("created_at", "finished_at", "status")
BIG = (
    *("template_from", "template_to", "from_revision__template", "to_revision__template"),
    *(f"target__service__{name}" for name in Service.UNLISTED),
    *(f"target__cluster__{name}" for name in Cluster.UNLISTED),
)
"""Columns that no list shows; each would be read, and most parsed as JSON, for every row."""


def release_list(user: User) -> QuerySet[Release]:
    """Releases that the user may see, newest first, with the names that a list shows; the big columns left out."""
    return Release.objects.visible_to(user).with_names().defer(*BIG)


def release_named(user: User, release_id: UUID | str) -> Release:
    """One release with everything its page and its API answer show. Raises NotFound, also for a hidden one."""
    release = Release.objects.visible_to(user).with_names().filter(pk=release_id).first()
    if release is None:
        raise NotFound(_("There is no release %(id)s that you may see.") % {"id": release_id})
    return release


def last_releases(targets: Sequence[Target]) -> dict[UUID, Release]:
    """The newest release of each target that has one, by the target's id. One query."""
    newest = Release.objects.filter(target=OuterRef("pk")).order_by("-created_at", "-id").values("pk")[:1]
    ids = Target.objects.filter(pk__in=[target.pk for target in targets]).values_list(Subquery(newest))
    rows = Release.objects.filter(pk__in=ids).select_related("created_by").defer("template_from", "template_to")
    return {release.target_id: release for release in rows}


def row_extras(targets: list[Target]) -> dict[UUID, dict[str, Any]]:
    """What the catalog's rows show of releases (services.queries.row_extras): the last one, and whether it runs."""
    return {target_id: _extras(release) for target_id, release in last_releases(targets).items()}


def _extras(release: Release) -> dict[str, Any]:
    brief: dict[str, Any] = {"url": release.get_absolute_url(), "label": release.label, "status": release.status}
    last = {
        **brief,
        "at": release.finished_at or release.created_at,
        "by": release.created_by.username if release.created_by else "",
    }
    if release.ended:
        return {"last_release": last, "active_release": None}
    has_weight = kind_of(release) != "rolling"
    return {"last_release": last, "active_release": brief | {"weight": weight_of(release) if has_weight else None}}
