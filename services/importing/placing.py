"""Which target a live workload becomes, if it may. Reads rows, asks no cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clusters.grants import may_use_namespace
from clusters.models import Cluster
from services.importing.entries import Entry, Place
from services.importing.plan import Clash, PlannedService, PlannedTarget
from services.models import Environment, Target

if TYPE_CHECKING:
    from accounts.models import User


class Placing:
    """Holds what was read once for all workloads of one import: environments, targets, who owns which workload."""

    def __init__(self, by: User, cluster: Cluster, entries: list[Entry]) -> None:
        self.by = by
        self.cluster = cluster
        self.environments = {row.name: row for row in Environment.objects.all()}
        names = [entry.name for entry in entries]
        targets = Target.objects.filter(service__name__in=names).select_related("service", "environment", "cluster")
        self.targets = {(target.service.name, target.environment.name): target for target in targets}
        workloads = {place.workload for entry in entries for place in entry.places}
        owned = Target.objects.filter(workload_key__startswith=f"{cluster.uid}/", workload__in=workloads)
        self.owned = set(owned.values_list("workload_key", flat=True))
        self.granted: dict[tuple[str, str], bool] = {}

    def targets_of(self, entry: Entry, owner: PlannedService) -> tuple[list[PlannedTarget], list[Clash]]:
        """The targets that the entry's workloads would add, and why others cannot be. Existing ones are in neither."""
        wanted: dict[str, PlannedTarget] = {}
        clashes: list[Clash] = []
        for place in entry.places:
            found = self._target(entry, place, owner)
            if isinstance(found, Clash):
                clashes.append(found)
            elif found is not None and found.environment.name in wanted:
                clashes.append(_twice(entry, place, wanted[found.environment.name]))
            elif found is not None:
                wanted[found.environment.name] = found
        return list(wanted.values()), clashes

    def _target(self, entry: Entry, place: Place, owner: PlannedService) -> PlannedTarget | Clash | None:
        environment = self.environments.get(place.namespace) or self.environments.get(self.cluster.environment)
        if environment is None:
            return _no_environment(entry, place)
        now = self.targets.get((entry.name, environment.name))
        key = Target.key_of(self.cluster.uid, place.namespace, Target.Kind.DEPLOYMENT, place.workload)
        if now is not None:
            return None if now.workload_key == key else _elsewhere(entry, place, now)
        if key in self.owned:
            detail = _("Workload %(where)s belongs to another service already.") % {"where": _where(place)}
            return Clash(place.index, entry.name, "/metadata/name", "workload_taken", detail)
        if not self._is_granted(owner, place.namespace):
            return self._no_grant(entry, place, owner)
        return PlannedTarget(environment, self.cluster, place.namespace, place.workload, place.container, place.version)

    def _is_granted(self, owner: PlannedService, namespace: str) -> bool:
        key = (owner.team, namespace)
        if key not in self.granted:
            self.granted[key] = may_use_namespace(self.by, owner.owner, self.cluster, namespace)
        return self.granted[key]

    def _no_grant(self, entry: Entry, place: Place, owner: PlannedService) -> Clash:
        detail = _("Team %(team)s has no grant for namespace %(namespace)s on cluster %(cluster)s.") % {
            "team": owner.team,
            "namespace": place.namespace,
            "cluster": self.cluster.name,
        }
        return Clash(place.index, entry.name, "/metadata/namespace", "no_grant", detail, _("Ask an admin to grant it."))


def _where(place: Place) -> str:
    return f"{place.namespace}/{place.workload}"


def _no_environment(entry: Entry, place: Place) -> Clash:
    detail = _("No environment belongs to namespace %(namespace)s.") % {"namespace": place.namespace}
    next_step = _("Have an admin add an environment of that name, or set the cluster's environment.")
    return Clash(place.index, entry.name, "/metadata/namespace", "no_environment", detail, next_step)


def _elsewhere(entry: Entry, place: Place, now: Target) -> Clash:
    detail = _("“%(name)s” runs elsewhere in %(environment)s: %(now)s on %(cluster)s.") % {
        "name": entry.name,
        "environment": now.environment.name,
        "now": f"{now.namespace}/{now.workload}",
        "cluster": now.cluster.name,
    }
    next_step = _("Remove that target first if %(where)s is the right one.") % {"where": _where(place)}
    return Clash(place.index, entry.name, "/metadata/name", "target_exists", detail, next_step)


def _twice(entry: Entry, place: Place, other: PlannedTarget) -> Clash:
    detail = _("Two workloads are “%(name)s” in %(environment)s: %(one)s and %(two)s.") % {
        "name": entry.name,
        "environment": other.environment.name,
        "one": f"{other.namespace}/{other.workload}",
        "two": _where(place),
    }
    next_step = _("Give one of them another name label.")
    return Clash(place.index, entry.name, "/metadata/name", "twice", detail, next_step)
