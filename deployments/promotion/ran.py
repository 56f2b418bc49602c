"""What has run in an environment, and what went wrong there: the facts that a promotion gate is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from deployments.models import Release, Revision, Status

# How far back is looked. What is older has to be released to the lower environment again.
MOST = 30


@dataclass(frozen=True)
class Run:
    """One revision and how long it was what ran: from `since` (None: nobody knows) to `until` (None: it still runs).

    `was_released`: a release brought it, it was not found there. `was_rolled_back`: a rollback has replaced it.
    """

    number: int
    images: Mapping[str, str]
    label: str = ""
    since: datetime | None = None
    until: datetime | None = None
    was_released: bool = True
    was_rolled_back: bool = False


@dataclass(frozen=True)
class Attempt:
    """A release that has begun: under way while `at` is None, else ended then. `id` and `status` are for pages."""

    number: int
    images: Mapping[str, str]
    reason: str = ""
    at: datetime | None = None
    has_succeeded: bool = False
    is_rollback: bool = False
    id: UUID | None = None
    status: str = ""
    version: str = ""


@dataclass(frozen=True)
class Ran:
    """The newest first. `seen` are the images that the cluster was last seen to run, where somebody looked."""

    runs: tuple[Run, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)

    def with_seen(self, images: Mapping[str, str]) -> Ran:
        return replace(self, seen=images)


def ran_on(target_ids: Iterable[UUID]) -> dict[UUID, Ran]:
    """The history of each target. Two queries for any number of them."""
    ids = list(target_ids)
    runs, attempts = _runs(ids), _attempts(ids)
    return {pk: Ran(runs=tuple(runs.get(pk, ())), attempts=tuple(attempts.get(pk, ()))) for pk in ids}


def _runs(ids: list[UUID]) -> dict[UUID, list[Run]]:
    rows = (
        Revision.objects.filter(target__in=ids)
        .annotate(place=Window(RowNumber(), partition_by=F("target"), order_by=F("number").desc()))
        .filter(place__lte=MOST)
        .order_by("target", "-number")
        .values_list("target", "number", "images", "version_label", "finished_at", "release", "release__rollback_to")
    )
    found: dict[UUID, list[Run]] = {}
    followed_by: dict[UUID, tuple[datetime, bool]] = {}
    for target, number, images, label, at, release, rollback_to in rows:
        until, was_rolled_back = followed_by.get(target, (None, False))
        found.setdefault(target, []).append(Run(number, images, label, at, until, release is not None, was_rolled_back))
        followed_by[target] = (at, rollback_to is not None)
    return found


def _attempts(ids: list[UUID]) -> dict[UUID, list[Attempt]]:
    begun = Q(ended=False) | Q(started_at__isnull=False, status__in=(Status.SUCCEEDED, Status.FAILED, Status.ABORTED))
    rows = (
        Release.objects.filter(begun, target__in=ids)
        .annotate(place=Window(RowNumber(), partition_by=F("target"), order_by=F("number").desc()))
        .filter(place__lte=MOST)
        .order_by("target", "-number")
        .values_list(
            "target",
            "number",
            "images",
            "reason",
            "finished_at",
            "rollback_to",
            "ended",
            "status",
            "pk",
            "version_label",
        )
    )
    found: dict[UUID, list[Attempt]] = {}
    for target, number, images, reason, at, rollback_to, ended, status, pk, label in rows:
        found.setdefault(target, []).append(
            Attempt(
                number,
                images,
                reason,
                at if ended else None,
                has_succeeded=status == Status.SUCCEEDED,
                is_rollback=rollback_to is not None,
                id=pk,
                status=status,
                version=label,
            )
        )
    return found
