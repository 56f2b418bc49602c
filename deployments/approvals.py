"""Approvals as the tick asks for them and reads them. Voices are given by commands.approve and commands.reject."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import orjson
from django.db import transaction

from deployments.engine.decision import AskApproval
from deployments.engine.json import Json
from deployments.engine.seen import Voices
from deployments.models import Approval, Release, Voice
from deployments.told import tell_asked, tell_expired
from web.live import publish

PENDING = Approval.State.PENDING


def subject_of(release: Release) -> str:
    """The hash of what is approved: images, the change of the template, strategy, environment and workload.

    It does not change while nobody edits the release.
    """
    target = release.target
    about = {
        "images": release.images,
        "template": [release.template_from, release.template_to],
        "strategy": release.strategy,
        "environment": target.environment.name,
        "workload": target.workload_key,
    }
    return hashlib.sha256(orjson.dumps(about, option=orjson.OPT_SORT_KEYS)).hexdigest()


def ask(release: Release, asked: Sequence[AskApproval], now: datetime) -> None:
    """Ask for voices, in the transaction of the state that waits for them. Asking again for what is pending, or was
    approved for the same subject, changes nothing."""
    subject = subject_of(release)
    for one in asked:
        here = Approval.objects.filter(release_id=release.pk, gate=one.gate)
        here.filter(state=PENDING).exclude(subject=subject).update(state=Approval.State.VOID, decided_at=now)
        if here.filter(state__in=(PENDING, Approval.State.APPROVED), subject=subject).exists():
            continue
        rules = [{"team": rule["team"] or release.team.name, "count": rule["count"]} for rule in one.rules]
        made = Approval.objects.create(
            release=release,
            gate=one.gate,
            rules=rules,
            subject=subject,
            asked_at=now,
            expires_at=one.expires_at,
        )
        tell_asked(made)
        publish("approvals")


def voices_of(release: Release, now: datetime) -> tuple[Voices, ...]:
    """What came of each gate's newest request, for the engine. Requests whose time is over are marked so.

    A release without such gates costs no query.
    """
    if not asks_for_voices(release.approval_rules, release.strategy):
        return ()
    _expire(release, now)
    newest: dict[str, Approval] = {}
    for approval in Approval.objects.filter(release_id=release.pk).order_by("asked_at", "id"):
        newest[approval.gate] = approval
    if not newest:
        return ()
    subject = subject_of(release)
    return tuple(_voices(one, subject) for one in newest.values())


def _expire(release: Release, now: datetime) -> None:
    late = Approval.objects.filter(release_id=release.pk, state=PENDING, expires_at__lte=now)
    for approval in late:
        with transaction.atomic():
            # Each once, whoever looks: the one UPDATE that changes the row tells of it.
            if late.filter(pk=approval.pk).update(state=Approval.State.EXPIRED, decided_at=now):
                approval.release = release
                tell_expired([approval])
                publish("approvals")


def asks_for_voices(approvals: Sequence[Json], strategy: Json) -> bool:
    """Whether there is a gate of this kind at all: rules that hold before the start, or a step of the strategy."""
    return bool(approvals) or "approval" in strategy or any("approval" in step for step in strategy.get("steps") or ())


def close_open(release: Release, now: datetime) -> None:
    """The release has ended: nobody is asked any more."""
    if Approval.objects.filter(release_id=release.pk, state=PENDING).update(state=Approval.State.VOID, decided_at=now):
        publish("approvals")


def void_changed(release: Release, now: datetime) -> int:
    """After an edit: voices given for what it was count no longer. Answers how many requests are void now."""
    valid = (PENDING, Approval.State.APPROVED)
    changed = Approval.objects.filter(release_id=release.pk, state__in=valid).exclude(subject=subject_of(release))
    voided = changed.update(state=Approval.State.VOID, decided_at=now)
    if voided:
        publish("approvals")
    return voided


def _voices(approval: Approval, subject: str) -> Voices:
    status = approval.state if approval.subject == subject else Approval.State.VOID
    verdict = {"approved": Voice.Verdict.APPROVE, "rejected": Voice.Verdict.REJECT}.get(status)
    decided = approval.voices.select_related("person").filter(verdict=verdict).last() if verdict else None
    return Voices(
        gate=approval.gate,
        status=str(status),
        by=decided.person.username if decided else "",
        comment=decided.comment if decided else "",
        asked=str(approval.pk),
        expires_at=approval.expires_at,
    )
