"""Targets together with what was last seen of their workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from clusters.models import Observation
from services.health import Health, health_of
from services.images import version_of
from services.models import Environment, Service, Target
from services.queries.freshness import Contact, contacts_with

row_extras: list[Callable[[list[Target]], dict[UUID, dict[str, Any]]]] = []
"""What upper rooms know about targets, by target id: they append in AppConfig.ready, one query per call.

Keys that a row shows: last_release `{url, label, status, at, by}` and active_release `{url, label, status, weight}`,
`weight` {desired, actual} in percent where two versions stand side by side, else None.
"""


@dataclass(frozen=True)
class TargetRow:
    """One environment of a service. `image` and `version` are "" while the workload was not seen.

    `as_of` is the last contact with the cluster, for it is then that the counts were still true.
    """

    target: Target
    health: Health
    image: str = ""
    desired: int = 0
    ready: int = 0
    updated: int = 0
    as_of: datetime | None = None
    is_fresh: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> Environment:
        return self.target.environment

    @property
    def version(self) -> str:
        return version_of(self.image) if self.image else ""


def service_rows(service: Service) -> list[TargetRow]:
    """A row for each environment that the service has a target in, in the order of the environments."""
    targets = Target.objects.filter(service=service).select_related("environment", "cluster", "service__team")
    return target_rows(list(targets), with_extras=True)


def target_rows(targets: list[Target], *, with_extras: bool = False) -> list[TargetRow]:
    """The targets with health, version and counts, in the same order. Two queries for any number of targets."""
    seen = observations_of(targets) if targets else {}
    contacts = contacts_with({target.cluster_id for target in targets})
    extras = _extras(targets) if with_extras else {}
    return [
        _row(
            target,
            seen.get((target.cluster_id, target.namespace, target.workload)),
            contacts.get(target.cluster_id),
            extras.get(target.pk, {}),
        )
        for target in targets
    ]


def image_seen(slim: Mapping[str, Any] | None, container: str) -> str:
    """The image of the service's container, or of the only one there is; "" when neither was seen."""
    images: Mapping[str, str] = (slim or {}).get("images") or {}
    if container in images:
        return images[container]
    return next(iter(images.values())) if len(images) == 1 else ""


def _row(target: Target, seen: Observation | None, contact: Contact | None, extra: Mapping[str, Any]) -> TargetRow:
    is_fresh = contact is not None and contact.is_fresh
    slim = seen.slim if seen else None
    return TargetRow(
        target=target,
        health=health_of(slim, is_fresh=is_fresh),
        image=image_seen(slim, target.container),
        desired=int((slim or {}).get("desired", 0)),
        ready=int((slim or {}).get("ready", 0)),
        updated=int((slim or {}).get("updated", 0)),
        as_of=contact.at if contact else (seen.seen_at if seen else None),
        is_fresh=is_fresh,
        extra=extra,
    )


def observations_of(targets: Iterable[Target]) -> dict[tuple[UUID, str, str], Observation]:
    """What was last seen of the workloads, by cluster, namespace and workload. One query."""
    seen = Observation.objects.filter(
        kind=Target.Kind.DEPLOYMENT,
        cluster=OuterRef("cluster"),
        namespace=OuterRef("namespace"),
        name=OuterRef("workload"),
    )
    # One look-up by the unique index for each target: the box around them holds clusters x namespaces x names.
    ids = Target.objects.filter(pk__in=[target.pk for target in targets]).values_list(Subquery(seen.values("pk")[:1]))
    rows = Observation.objects.filter(pk__in=ids).only("cluster_id", "namespace", "name", "slim", "seen_at")
    return {(row.cluster_id, row.namespace, row.name): row for row in rows}


def _extras(targets: list[Target]) -> dict[UUID, dict[str, Any]]:
    gathered: dict[UUID, dict[str, Any]] = {}
    for ask in row_extras:
        for target_id, more in ask(targets).items():
            gathered.setdefault(target_id, {}).update(more)
    return gathered
