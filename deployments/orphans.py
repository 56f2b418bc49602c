"""Objects that carry the claim of a release that no longer runs: one that a restored database does not know, or that
ended where the cluster would not let it give things back.

1. What the watchers saw of such Deployments, ReplicaSets and Services is found by label; no cluster is asked. Routes
   alone are found by `orphan_routes`.
2. Cleaning looks at everything of that release live, routes included, and gives back in the order in which no request
   is lost: routes, the Deployment, ReplicaSets, Services.
3. The sweep cleans by itself, but for one case: a workload that a release unknown to this database holds in place is
   shown (`queries.drift`), and a person says whether the new version goes on or the old one comes back.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from audit.record import audit
from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster, Observation
from deployments.engine.borrowed import ROLE, kind_of
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.orphaned import give_back
from deployments.engine.phases import is_observed
from deployments.engine.workload import ORIGINALS, PORTAL, RELEASE, claim_of, labels_of
from deployments.lease import REQUEST_SECONDS
from deployments.models import Release, portal_key
from deployments.observe_traffic import ROUTES
from durable import lease
from durable.clock import database_time
from web.measures import ORPHANS

# A release that has just ended may still be shown by an older row.
ENDED_FOR = timedelta(seconds=30)
SWEEP_SECONDS = 60.0
OBSERVED_WITHIN_SECONDS = 3.0
SEEN_KINDS = ("Deployment", "ReplicaSet", "Service")
ROUTE_KINDS = tuple(kind for kinds in ROUTES.values() for kind in kinds)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Orphan:
    """An object that carries the claim of a release that no longer runs. `is_held`: a Deployment held in place."""

    cluster_id: uuid.UUID
    kind: str
    namespace: str
    name: str
    release: str
    is_held: bool = False

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "name": self.name, "release": self.release}


@dataclass(frozen=True)
class Place:
    """Where one release left something."""

    cluster_id: uuid.UUID
    namespace: str
    release: str


def find_orphans(cluster_id: uuid.UUID | None = None, namespace: str = "") -> list[Orphan]:
    """What the watchers saw of such objects, everywhere or in one namespace. Contacts no cluster."""
    rows = Observation.objects.filter(kind__in=SEEN_KINDS, labels__has_key=PORTAL)
    if cluster_id is not None:
        rows = rows.filter(cluster_id=cluster_id, namespace=namespace)
    mine = [row for row in rows.defer("whole").order_by("kind", "name") if row.labels[PORTAL] == portal_key()]
    behind = standing({claimed_by(row.labels) for row in mine})
    return [_orphan(row) for row in mine if claimed_by(row.labels) not in behind]


def clean_orphans(find: Callable[[], list[Orphan]] = find_orphans) -> int:
    """The sweep. One process does this at a time; a cluster that does not answer is left for the next time.

    `find` says what there is to clean. Answers how many releases were cleaned up after.
    """
    owner = uuid.uuid4().hex
    epoch = lease.take("deployments.orphans", owner, SWEEP_SECONDS)
    if epoch is None:
        return 0
    try:
        return sum(
            bool(clean(place, by=None))
            for place in _swept(find())
            if lease.renew("deployments.orphans", owner, epoch, SWEEP_SECONDS)
        )
    finally:
        lease.give_back("deployments.orphans", owner, epoch)


def clean(place: Place, *, by: User | None, keeps_new: bool = False) -> list[dict[str, str]]:
    """Give back everything that one release left in a namespace, after a look at the live objects. Answers what.

    `keeps_new`: a workload held in place goes on with the new template. What the cluster refuses stays, is logged and
    found again.
    """
    cluster = Cluster.objects.get(pk=place.cluster_id)
    done: list[dict[str, str]] = []
    try:
        door = connect(cluster, timeout_seconds=REQUEST_SECONDS)
        deployments: set[str] = set()
        for kinds in ((*ROUTE_KINDS, "Deployment"), ("ReplicaSet", "Service")):
            for obj in _left(door, place, kinds, deployments):
                if _gave_back(door, place, give_back(obj, keeps_new=keeps_new), cluster):
                    done.append({"kind": kind_of(obj), "name": obj["metadata"]["name"], "release": place.release})
                if kind_of(obj) == "Deployment":
                    deployments.add(obj["metadata"]["uid"])
                    _wait_until_observed(door, place, obj["metadata"]["name"])
    except (ApiRefused, ClusterUnreachable) as error:
        log.warning("orphan.not_cleaned", cluster=cluster.name, namespace=place.namespace, words=str(error))
    if done:
        with transaction.atomic():
            action = "orphan.continue" if keeps_new else "orphan.clean"
            audit(by, action, cluster, before={"namespace": place.namespace, "release": place.release, "objects": done})
        ORPHANS.inc()
        log.info("orphan.cleaned", cluster=cluster.name, namespace=place.namespace, orphan_of=place.release)
    return done


def places_of(orphans: Iterable[Orphan]) -> list[Place]:
    """Each place once, in order."""
    return list(dict.fromkeys(Place(one.cluster_id, one.namespace, one.release) for one in orphans))


def _orphan(row: Observation) -> Orphan:
    is_held = bool(row.slim.get("paused")) and (row.slim.get("strategy") or {}).get("type") == "Recreate"
    return Orphan(row.cluster_id, row.kind, row.namespace, row.name, claimed_by(row.labels), is_held)


def claimed_by(labels: Mapping[str, str]) -> str:
    """The release that an object is claimed by, empty for none."""
    return labels.get(RELEASE, "")


def standing(releases: set[str]) -> set[str]:
    """Those of the releases that run, or ended a moment ago. One query."""
    known = {found for one in releases if (found := _uuid(one))}
    runs = Q(ended=False) | Q(finished_at__gt=database_time() - ENDED_FOR)
    return {str(pk) for pk in Release.objects.filter(runs, pk__in=known).values_list("pk", flat=True)}


def _swept(orphans: list[Orphan]) -> list[Place]:
    """What needs no person: all but what a release that this database does not know holds in place."""
    ids = {found for one in orphans if (found := _uuid(one.release))}
    known = {str(pk) for pk in Release.objects.filter(pk__in=ids).values_list("pk", flat=True)}
    kept = {(one.cluster_id, one.namespace, one.release) for one in orphans if one.is_held and one.release not in known}
    return [place for place in places_of(orphans) if (place.cluster_id, place.namespace, place.release) not in kept]


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _wait_until_observed(door: Door, place: Place, name: str) -> None:
    """Until then its controller may copy the annotation that was just taken away to a ReplicaSet again."""
    path = paths.deployment(place.namespace, name)
    give_up = time.monotonic() + OBSERVED_WITHIN_SECONDS
    while not is_observed(door.get(path)) and time.monotonic() < give_up:
        time.sleep(0.1)


def _left(door: Door, place: Place, kinds: tuple[str, ...], deployments: set[str]) -> list[Json]:
    """Everything of these kinds in the namespace with this claim, or owned by one of the Deployments (by uid) and with
    a copy of what it noted, in the order in which it is given back."""
    selector = {"labelSelector": f"{PORTAL}={portal_key()},{RELEASE}={place.release}"}
    found: list[Json] = []
    for kind in kinds:
        try:
            # A ReplicaSet may carry no claim, and yet a copy of what its Deployment noted.
            params = None if kind == "ReplicaSet" else selector
            items = door.list(paths.all_of_kind(kind, place.namespace), params)["items"]
        except ApiRefused as error:
            # Not every cluster has every kind, nor may we list each: what is not seen was not written by us.
            if error.http_status in (403, 404):
                continue
            raise
        wanted = [one for one in items if kind != "ReplicaSet" or _is_left(one, place, deployments)]
        found += [{"kind": kind, **one} for one in wanted]
    # A Service of a release's own goes last: until then the routed one may still be pinned.
    return sorted(found, key=lambda one: bool(labels_of(one).get(ROLE)) and kind_of(one) == "Service")


def _is_left(replica_set: Json, place: Place, deployments: set[str]) -> bool:
    claim = claim_of(replica_set)
    if (claim.portal, claim.release) == (portal_key(), place.release):
        return True
    owners = {one.get("uid") for one in replica_set["metadata"].get("ownerReferences") or []}
    return ORIGINALS in (replica_set["metadata"].get("annotations") or {}) and bool(owners & deployments)


def _gave_back(door: Door, place: Place, write: Write, cluster: Cluster) -> bool:
    try:
        _send(door, place.namespace, write)
    except ApiRefused as error:
        log.warning("orphan.not_cleaned", cluster=cluster.name, kind=write.kind, name=write.name, words=str(error))
        return False
    return True


def _send(door: Door, namespace: str, write: Write) -> None:
    path = paths.of_kind(write.kind, namespace, write.name)
    if write.verb == "delete":
        door.delete(path, uid=write.uid)
    else:
        door.json_patch(path, write.ops)


__all__ = ["Orphan", "Place", "claimed_by", "clean", "clean_orphans", "find_orphans", "places_of", "standing"]
