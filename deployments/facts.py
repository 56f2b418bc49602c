"""Releases, events and revisions as the values that the API answers (api.md, Releases)."""

from __future__ import annotations

from django.urls import reverse

from deployments.analysis.facts import analysis_facts
from deployments.engine.json import Json
from deployments.gate_facts import gate_facts
from deployments.masked import masked
from deployments.models import Release, ReleaseEvent, Revision
from deployments.revisions import images_of
from deployments.shares import counts_of, wanted_pods, weight_of
from deployments.step_facts import step_facts, step_index
from web.redact import redacted, redacted_text


def release_facts(release: Release, base: str = "", *, alone: bool = True) -> Json:
    """One release. `base` is the origin that links begin with, as `https://slipway.example`; "" makes them relative.

    `alone`: with its measurements, which cost a query where it analyses; a list leaves them out (None).
    """
    target = release.target
    counts, weight, steps = counts_of(release), weight_of(release), step_facts(release)
    wanted_new, wanted_old = wanted_pods(release)
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
        "step_index": step_index(steps),
        "steps": [step.to_json() for step in steps],
        "weight": {"desired": weight.desired, "actual": weight.actual},
        "stable": {
            "ready": counts.old_ready,
            "desired": wanted_old,
            "images": old_images,
            "revision": release.from_revision.number if release.from_revision else None,
        },
        "canary": {
            "ready": counts.new_ready,
            "desired": wanted_new,
            "images": {**old_images, **release.images},
            "revision": release.to_revision.number if release.to_revision else None,
        },
        "gates": gate_facts(release),
        "analysis": analysis_facts(release) if alone else None,
        "retry_of": str(release.retry_of_id) if release.retry_of_id else None,
        "promoted_from": str(release.promoted_from_id) if release.promoted_from_id else None,
        "promotion": str(release.promotion_id) if release.promotion_id else None,
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
