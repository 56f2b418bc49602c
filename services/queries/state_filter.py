"""services.health again, as an SQL expression: filtering ten thousand services must not load their observations.

tests/services/test_health.py compares both on every kind of row.
"""

from __future__ import annotations

from typing import Any

from django.db.models import (
    Case,
    CharField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce

from clusters.models import Observation
from services.health import State
from services.models import Target
from services.queries.freshness import contacts_with

COUNTS = ["desired", "ready", "updated", "replicas", "generation", "observed_generation"]


def targets_in_state(state: State) -> QuerySet[Target]:
    """The targets whose health is `state`."""
    return with_state(Target.objects.all()).filter(state=state)


def with_state(targets: QuerySet[Target]) -> QuerySet[Any]:
    """The targets annotated with `state`, a value of services.health.State."""
    fresh = [cluster_id for cluster_id, contact in contacts_with(None).items() if contact.is_fresh]
    seen = Observation.objects.filter(
        cluster=OuterRef("cluster"),
        kind=Target.Kind.DEPLOYMENT,
        namespace=OuterRef("namespace"),
        name=OuterRef("workload"),
    )
    return targets.annotate(
        state=Case(
            When(~Q(cluster__in=fresh), then=Value(State.UNKNOWN)),
            default=Coalesce(Subquery(_judged(seen).values("judged")[:1]), Value(State.MISSING)),
            output_field=CharField(),
        )
    )


def _judged(observations: QuerySet[Observation]) -> QuerySet[Any]:
    progressing = KeyTransform("Progressing", KeyTransform("conditions", "slim"))
    counted = observations.annotate(
        **{f"{key}_seen": Cast(KeyTextTransform(key, "slim"), IntegerField()) for key in COUNTS},
        given_up=Coalesce(KeyTextTransform("reason", progressing), Value(""), output_field=TextField()),
    )
    is_stuck = Q(given_up="ProgressDeadlineExceeded")
    is_rolling = (
        Q(observed_generation_seen__lt=F("generation_seen"))
        | Q(updated_seen__lt=F("desired_seen"))
        | Q(replicas_seen__gt=F("updated_seen"))
    )
    return counted.annotate(
        judged=Case(
            When(desired_seen__isnull=True, then=Value(State.UNKNOWN)),
            When(desired_seen=0, then=Value(State.SCALED_TO_ZERO)),
            When(is_rolling & ~is_stuck, then=Value(State.PROGRESSING)),
            When(ready_seen=0, then=Value(State.DOWN)),
            When(Q(ready_seen__lt=F("desired_seen")) | is_stuck, then=Value(State.DEGRADED)),
            default=Value(State.HEALTHY),
            output_field=CharField(),
        )
    )
