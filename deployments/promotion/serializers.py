"""What the promotion calls answer, for the OpenAPI schema; and a promotion as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers

from deployments.engine.json import Json
from deployments.models import Promotion, PromotionItem, Release
from web.redact import redacted_text

if TYPE_CHECKING:
    from deployments.promotion.matrix import Cell, Hop, MatrixRow


class PromotedOut(serializers.Serializer[Any]):
    """One service that is released; `id` is its release, null until that has begun."""

    service = serializers.CharField()
    id = serializers.UUIDField(allow_null=True)
    wave = serializers.IntegerField()
    state = serializers.ChoiceField(choices=PromotionItem.State.choices, required=False)
    status = serializers.CharField(required=False, allow_null=True, help_text="the status of its release")
    reason = serializers.CharField(
        required=False, allow_blank=True, help_text="why its release stands so, a word of the closed list; else empty"
    )
    version = serializers.CharField()
    image = serializers.CharField()
    replaces = serializers.CharField(required=False)
    warning = serializers.CharField(required=False)
    why = serializers.CharField(required=False, allow_blank=True)
    attempts = serializers.IntegerField(
        required=False, help_text="how often it was tried in vain, because a cluster did not answer"
    )
    next_attempt_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="when it is tried again; null when it waits for no cluster"
    )


class SkippedOut(serializers.Serializer[Any]):
    """One service that is not: it is level, or refused."""

    service = serializers.CharField()
    state = serializers.CharField(help_text="level or refused")
    why = serializers.CharField()
    gate = serializers.CharField(required=False)
    until = serializers.DateTimeField(required=False)


class BulkPlanOut(serializers.Serializer[Any]):
    """What promoting several services would do."""

    to = serializers.CharField()
    releases = PromotedOut(many=True)
    skipped = SkippedOut(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.CharField()}


class PromotionOut(BulkPlanOut):
    """A promotion of several services. `status` is queued, running, succeeded, failed or aborted."""

    promotion = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Promotion.State.choices)
    system = serializers.CharField(allow_blank=True)
    problem = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    max_parallel = serializers.IntegerField()
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    links = serializers.DictField(child=serializers.CharField())

    def to_representation(self, instance: Promotion) -> Any:
        return promotion_facts(instance, self.context["request"].build_absolute_uri("/")[:-1])


class HopOut(serializers.Serializer[Any]):
    """From this environment to the next in which the service runs."""

    to = serializers.CharField()
    state = serializers.CharField(help_text="level, ahead, behind, unlike or unknown")
    releases = serializers.IntegerField(allow_null=True, help_text="how many releases it is ahead, where that is known")
    what = serializers.CharField(help_text="what promoting would do")
    why_not = serializers.CharField(help_text="why it can't be promoted now; empty where it can")
    gate = serializers.CharField(help_text="what keeps it: promotion, freeze_window, release, permission, grant ...")
    until = serializers.DateTimeField(allow_null=True)


class MatrixCellOut(serializers.Serializer[Any]):
    """A service in an environment."""

    environment = serializers.CharField()
    version = serializers.CharField(allow_blank=True)
    image = serializers.CharField(allow_blank=True)
    digest = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)
    release = serializers.DictField(allow_null=True, help_text="the last one: id, number, status")
    next = HopOut(allow_null=True)


class MatrixRowOut(serializers.Serializer[Any]):
    """One service; `environments` has those in which it runs."""

    service = serializers.CharField()
    team = serializers.CharField()
    system = serializers.CharField(allow_blank=True)
    environments = MatrixCellOut(many=True)

    def to_representation(self, instance: MatrixRow) -> Any:
        return {
            "service": instance.service.name,
            "team": instance.service.team.name,
            "system": instance.service.system,
            "environments": [_cell(cell) for cell in instance.cells if cell.target],
        }


def _cell(cell: Cell) -> Json:
    last = cell.last
    return {
        "environment": cell.environment.name,
        "version": cell.version,
        "image": cell.image,
        "digest": cell.digest,
        "since": cell.since,
        "release": {"id": str(last.id), "number": last.number, "status": last.status} if last else None,
        "next": _hop(cell.hop) if cell.hop else None,
    }


def _hop(hop: Hop) -> Json:
    return {
        "to": hop.to.name,
        "state": hop.state,
        "releases": hop.releases,
        "what": hop.label,
        "why_not": hop.why_not,
        "gate": hop.gate,
        "until": hop.until,
    }


def promotion_facts(promotion: Promotion, base: str = "") -> Json:
    """One promotion of `promotions_with_services`."""
    items, releases = promotion.seen_items, releases_of(promotion)
    left_out = (PromotionItem.State.LEVEL, PromotionItem.State.SKIPPED)
    itself = base + reverse("api:promotion", args=[promotion.pk])
    return {
        "promotion": str(promotion.pk),
        "status": promotion.state,
        "system": promotion.system,
        "from": promotion.origin.name,
        "to": promotion.to.name,
        "problem": problem_of(promotion),
        "reason": promotion.note,
        "max_parallel": promotion.max_parallel,
        "created_by": promotion.created_by.username if promotion.created_by else None,
        "created_at": promotion.created_at,
        "finished_at": promotion.ended_at,
        "releases": [_promoted(item, releases) for item in items if item.state not in left_out],
        "skipped": [
            {
                "service": item.service.name,
                "state": "level" if item.state == PromotionItem.State.LEVEL else "refused",
                "why": redacted_text(item.why),
            }
            for item in items
            if item.state in left_out
        ],
        "links": {"self": itself, "ui": base + promotion.get_absolute_url()},
    }


def problem_of(promotion: Promotion) -> str:
    """Why it did not come to its end, with the names of services that the reader may see."""
    if not promotion.problem:
        return ""
    names = [item.service.name for item in promotion.seen_items if item.state == PromotionItem.State.FAILED]
    if not names:
        return _("A service that you may not see did not succeed.")
    return _("%(names)s did not succeed.") % {"names": ", ".join(names)}


def releases_of(promotion: Promotion) -> dict[UUID, Release]:
    """The releases that it has started, by service."""
    return {release.target.service_id: release for release in promotion.begun}


def _promoted(item: PromotionItem, releases: dict[UUID, Release]) -> Json:
    release = releases.get(item.service_id)
    return {
        "service": item.service.name,
        "id": str(release.pk) if release else None,
        "wave": item.wave,
        "state": item.state,
        "status": release.status if release else None,
        "reason": release.reason if release else "",
        "version": item.version,
        "image": item.image,
        "why": redacted_text(item.why),
        "attempts": item.attempts,
        "next_attempt_at": item.try_at if item.state == PromotionItem.State.PENDING else None,
    }
