"""Releases, events and revisions as the values that the API answers (api.md, Releases)."""

from __future__ import annotations

from django.urls import reverse

from deployments.engine.decision import Counts
from deployments.engine.json import Json
from deployments.masked import masked
from deployments.models import Phase, Release, ReleaseEvent, Revision, Status
from deployments.revisions import images_of
from web.redact import redacted, redacted_text

GOES_BACK = (Status.FAILED, Status.ABORTED)


def release_facts(release: Release, base: str = "") -> Json:
    """One release. `base` is the origin that links begin with, as `https://slipway.example`; "" makes them relative."""
    target = release.target
    counts = counts_of(release)
    # The revision has the images without the template, which lists do not load.
    old_images = release.from_revision.images if release.from_revision else images_of(release.template_from)
    return {
        "id": str(release.pk),
        "number": release.number,
        "service": target.service.name,
        "environment": target.environment.name,
        "cluster": target.cluster.name,
        "namespace": target.namespace,
        "workload": target.workload,
        "strategy": release.strategy,
        "status": release.status,
        "phase": release.phase,
        "reason": release.reason,
        "message": redacted_text(release.sentence),
        "evidence": redacted(release.state.get("evidence")),
        "version": release.label,
        "from_revision": release.from_revision.number if release.from_revision else None,
        "to_revision": release.to_revision.number if release.to_revision else None,
        "images": release.images,
        "step_index": 0,
        "steps": [{"kind": "rolling", "status": step_status(release), "weight": 100}],
        "weight": {"desired": desired_weight(release), "actual": actual_weight(counts)},
        "stable": {
            "ready": counts.old_ready,
            "desired": counts.old,
            "images": old_images,
            "revision": release.from_revision.number if release.from_revision else None,
        },
        "canary": {
            "ready": counts.new_ready,
            "desired": 0 if goes_back(release) else counts.desired,
            "images": {**old_images, **release.images},
            "revision": release.to_revision.number if release.to_revision else None,
        },
        "gates": [],
        "analysis": [],
        "retry_of": str(release.retry_of_id) if release.retry_of_id else None,
        "supersedes": str(release.supersedes_id) if release.supersedes_id else None,
        "note": release.note,
        "commit": release.commit,
        "source_url": release.source_url,
        "created_by": release.created_by.username if release.created_by else None,
        "created_at": release.created_at,
        "started_at": release.started_at,
        "finished_at": release.finished_at,
        "links": links_of(release, base),
    }


def links_of(release: Release, base: str = "") -> dict[str, str]:
    """Where the release, its long poll, its timeline and its page are."""
    return {
        "self": base + reverse("api:release", args=[release.pk]),
        "wait": base + reverse("api:release_wait", args=[release.pk]),
        "events": base + reverse("api:release_events", args=[release.pk]),
        "ui": base + release.get_absolute_url(),
    }


def event_facts(event: ReleaseEvent) -> Json:
    """One line of a timeline; `message` in the reader's language."""
    return {
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "actor": event.actor,
        "message": redacted_text(event.sentence),
        "data": redacted(event.data),
    }


def revision_facts(revision: Revision) -> Json:
    """One revision; secrets in its template are masked."""
    return {
        "number": revision.number,
        "version": revision.label,
        "images": revision.images,
        "template": masked(revision.template),
        "release": str(revision.release_id) if revision.release_id else None,
        "finished_at": revision.finished_at,
    }


def counts_of(release: Release) -> Counts:
    """Pods by version, as the last tick saw them."""
    return Counts(**(release.state.get("counts") or {}))


def goes_back(release: Release) -> bool:
    """Whether the old version is what the release is bringing back, or has brought back."""
    return release.status in GOES_BACK or release.phase == Phase.ABORTING


def desired_weight(release: Release) -> int:
    """The share that the new version is to have now, in percent: a rolling release knows all or nothing."""
    waits = release.phase in (Phase.QUEUED, Phase.GATED)
    return 0 if waits or goes_back(release) else 100


def actual_weight(counts: Counts) -> int:
    """The share of ready pods that run the new version, in percent."""
    ready = counts.new_ready + counts.old_ready
    return round(100 * counts.new_ready / ready) if ready else 0


def step_status(release: Release) -> str:
    """How the one step of a rolling release stands."""
    if release.ended:
        return str(release.status)
    if release.phase in (Phase.QUEUED, Phase.GATED, Phase.PREPARING):
        return "pending"
    names = {Phase.PAUSED: "paused", Phase.ABORTING: "aborting", Phase.FINISHING: "finishing"}
    return names.get(Phase(release.phase), "running")
