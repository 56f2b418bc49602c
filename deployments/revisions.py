"""Revisions: what ran after each finished release, and what was found when a target was first released to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Max

from deployments.engine.json import Json
from deployments.engine.workload import hash_of
from deployments.models import Release, Revision
from durable.clock import database_time
from services.models import Target


def images_of(template: Json) -> dict[str, str]:
    """The image of each container of a pod template."""
    containers = (template.get("spec") or {}).get("containers") or []
    return {container["name"]: container.get("image", "") for container in containers}


def newest_revision(target: Target) -> Revision | None:
    """What runs, as far as Slipway has brought it there."""
    return Revision.objects.filter(target=target).order_by("-number").first()


def found_revision(target: Target, template: Json, contents: Mapping[str, str]) -> Revision:
    """The Revision of the template that was found running: the newest one if it is the same, else a new one.

    Call it inside a transaction. A template that another hand wrote since the last release becomes a Revision too, so
    that an abort goes back to what really ran.
    """
    newest = newest_revision(target)
    if newest is not None and newest.template_hash == hash_of(template):
        return newest
    return _add(target, template, contents, release=None, label="", at=database_time())


def record_revision(release: Release, contents: Mapping[str, str]) -> Revision:
    """Number what a succeeded release has brought; the newest Revision again when the release changed nothing."""
    newest = newest_revision(release.target)
    if newest is not None and newest.template_hash == hash_of(release.template_to):
        return newest
    at = release.finished_at or database_time()
    return _add(release.target, release.template_to, contents, release=release, label=release.version_label, at=at)


def _add(
    target: Target,
    template: Json,
    contents: Mapping[str, str],
    *,
    release: Release | None,
    label: str,
    at: datetime,
) -> Revision:
    last = Revision.objects.filter(target=target).aggregate(last=Max("number"))["last"] or 0
    return Revision.objects.create(
        target=target,
        number=last + 1,
        images=images_of(template),
        template=template,
        template_hash=hash_of(template),
        contents=dict(contents),
        release=release,
        version_label=label,
        finished_at=at,
    )
