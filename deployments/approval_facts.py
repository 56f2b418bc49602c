"""An approval as the API and the pages tell it."""

from __future__ import annotations

from django.urls import reverse

from accounts.models import User
from deployments.eligible import Voters, standing_of
from deployments.engine.json import Json
from deployments.models import Approval
from deployments.voicing import why_no_voice
from services.images import is_pinned


def approval_facts(approval: Approval, user: User, voters: Voters, base_url: str = "") -> Json:
    """Everything but the diff: who asked, what for, which voices there are, and whether this person may add one."""
    release = approval.release
    target = release.target
    return {
        "id": str(approval.pk),
        "release": str(release.pk),
        "number": release.number,
        "service": target.service.name,
        "environment": target.environment.name,
        "version": release.label,
        "gate": approval.gate,
        "step": step_of(approval),
        "state": approval.state,
        "subject": approval.subject,
        "images": release.images,
        "mutable_images": mutable_images(release.images),
        "rules": [
            {"team": one.team, "count": one.count, "given": list(one.given), "missing": one.missing}
            for one in standing_of(approval, voters)
        ],
        "voices": [
            {"person": voice.person.username, "verdict": voice.verdict, "comment": voice.comment, "at": voice.at}
            for voice in approval.voices.all()
        ],
        "requested_by": release.created_by.username if release.created_by else None,
        "reason": release.note,
        "asked_at": approval.asked_at,
        "expires_at": approval.expires_at,
        "decided_at": approval.decided_at,
        "why_not": why_no_voice(user, "approve", approval, voters),
        "links": {
            "release": base_url + reverse("api:release", args=[release.pk]),
            "ui": base_url + approval.get_absolute_url(),
        },
    }


def step_of(approval: Approval) -> int | None:
    """The index of the step that asks, None for an approval before the start or of no step."""
    kind, _dash, number = approval.gate.partition("-")
    return int(number) if kind == "step" and number.isdigit() else None


def mutable_images(images: dict[str, str]) -> list[str]:
    """The images that are not named by digest: what is pulled may be another one than was looked at."""
    return sorted({image for image in images.values() if not is_pinned(image)})
