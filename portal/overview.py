"""What Home answers: what is broken now, what waits for this person, what is being released, what changed lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import may
from clusters.models import Cluster
from clusters.queries import health
from deployments.headline import standing_of
from deployments.models import Release, Status
from deployments.queries.releases import release_list
from deployments.shares import Weight, counts_of, kind_of, weight_of
from deployments.verbs import allowed_verbs
from services.health import State
from services.models import Service, Target
from services.queries.rows import TargetRow, target_rows
from services.queries.state_filter import targets_in_state
from web import nav

if TYPE_CHECKING:
    from accounts.models import User
    from services.models import Environment

MOST_ROWS = 12
FAILED_SINCE = timedelta(days=7)
LETS_GO_ON = ("approve", "promote", "resume", "retry")
TROUBLED = (State.DOWN, State.MISSING, State.DEGRADED)


@dataclass(frozen=True)
class Broken:
    """One thing that is not as it should be. `state` is a word of web.states, `why` a sentence."""

    title: str
    url: str
    state: str
    why: str
    environment: Environment | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Moving:
    """A release that has not ended, as one row."""

    release: Release
    ready: int
    wanted: int
    detail: str
    waits_for_me: bool
    weight: Weight | None = None


@dataclass(frozen=True)
class ClusterLine:
    """A cluster in one line: how the connection stands and, where it does, how the cluster is."""

    cluster: Cluster
    url: str
    state: str
    progress: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Overview:
    """Home for one person."""

    clusters: list[ClusterLine]
    broken: list[Broken]
    moving: list[Moving]
    lately: list[Release]
    has_services: bool

    @property
    def is_new(self) -> bool:
        """Whether there is nothing here yet for this person."""
        return not self.clusters and not self.has_services

    @cached_property
    def waiting(self) -> list[Moving]:
        return [row for row in self.moving if row.waits_for_me]

    @cached_property
    def under_way(self) -> list[Moving]:
        return [row for row in self.moving if not row.waits_for_me]

    @cached_property
    def unseen(self) -> list[ClusterLine]:
        """Clusters that are not heard of: about what runs there nothing can be said."""
        return [line for line in self.clusters if line.state in {"unreachable", "unknown"}]

    @cached_property
    def building(self) -> list[ClusterLine]:
        return [line for line in self.clusters if line.progress]


def overview(user: User) -> Overview:
    """All that Home shows to this person. A constant number of queries, from rows alone."""
    seen = Cluster.objects.visible_to(user).defer("labels", "ca_data", "capabilities")
    clusters = [_cluster_line(cluster) for cluster in seen]
    # Made once: what a person may see of the catalog costs a query each time it is worked out.
    releases = release_list(user)
    moving = [_moving(release, user) for release in releases.filter(ended=False)[:MOST_ROWS]]
    return Overview(
        clusters=clusters,
        broken=[*_broken_clusters(clusters), *_broken_targets(user, _failed(releases))],
        moving=moving,
        lately=list(releases.filter(ended=True).order_by("-finished_at")[:MOST_ROWS]),
        has_services=bool(moving) or Service.objects.visible_to(user).exists(),
    )


def _cluster_line(cluster: Cluster) -> ClusterLine:
    url = nav.url_or_none("cluster", cluster.name)
    if cluster.status == Cluster.Status.BUILDING:
        return ClusterLine(cluster, url, "building", cluster.progress or {"phase": ""})
    if cluster.status != Cluster.Status.CONNECTED:
        return ClusterLine(cluster, url, cluster.status)
    seen = health(cluster)
    return ClusterLine(cluster, url, "unknown" if seen["stale"] else seen["status"])


def _broken_clusters(lines: list[ClusterLine]) -> list[Broken]:
    return [
        Broken(line.cluster.name, line.url, line.state, _components(line.cluster), at=line.cluster.health_at)
        for line in lines
        if line.state in {"degraded", "unhealthy"}
    ]


def _components(cluster: Cluster) -> str:
    unwell = [part["name"] for part in health(cluster)["components"] if part["status"] in {"degraded", "unhealthy"}]
    return _("Not well: %(names)s.") % {"names": ", ".join(unwell)}


def _broken_targets(user: User, failures: list[Release]) -> list[Broken]:
    """Targets whose workload is unwell, and targets whose newest release failed; one row a target."""
    troubled = targets_in_state(TROUBLED) & Target.objects.visible_to(user)
    targets = troubled.select_related("service", "environment", "cluster")[:MOST_ROWS]
    rows = {row.target.pk: row for row in target_rows(list(targets))}
    failed = {release.target_id: release for release in failures}
    found = [
        *(_unwell(row, failed.get(target_id)) for target_id, row in rows.items()),
        *(_gave_up(release) for target_id, release in failed.items() if target_id not in rows),
    ]
    # What is nearest to customers first: environments are ordered from development to production.
    return sorted(found, key=lambda thing: -thing.environment.order if thing.environment else 0)


def _failed(releases: QuerySet[Release]) -> list[Release]:
    newer = Release.objects.filter(target=OuterRef("target"), created_at__gt=OuterRef("created_at"))
    recent = timezone.now() - FAILED_SINCE
    failed = releases.filter(status=Status.FAILED, finished_at__gte=recent)
    return list(failed.filter(~Exists(newer)).order_by("-finished_at")[:MOST_ROWS])


def _unwell(row: TargetRow, failed: Release | None) -> Broken:
    target = row.target
    if failed is not None:
        return Broken(
            target.service.name,
            failed.get_absolute_url(),
            row.health.state,
            failed.sentence or row.health.reason,
            target.environment,
            failed.finished_at,
        )
    return Broken(
        target.service.name, target.service.get_absolute_url(), row.health.state, row.health.reason, target.environment
    )


def _gave_up(release: Release) -> Broken:
    return Broken(
        f"{release.target.service.name} {release.label}",
        release.get_absolute_url(),
        release.status,
        release.sentence,
        release.target.environment,
        release.finished_at,
    )


def _moving(release: Release, user: User) -> Moving:
    counts = counts_of(release)
    standing = standing_of(release, timezone.now())
    # A pause that ends by itself waits for nobody.
    is_held = release.status in {Status.PAUSED, Status.WAITING} and standing.until is None
    onward = [verb for verb in allowed_verbs(release) if verb in LETS_GO_ON]
    can_act = any(may(user, f"release.{verb}", release.team, release.target.environment.name) for verb in onward)
    return Moving(
        release=release,
        ready=counts.new_ready,
        wanted=counts.desired,
        detail=release.sentence if is_held else standing.detail,
        waits_for_me=is_held and can_act,
        weight=None if kind_of(release) == "rolling" else weight_of(release),
    )
