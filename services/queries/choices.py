"""What the target form offers while a person types: namespaces the team has a grant for, and the workloads in them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from clusters.models import Cluster, Grant, Observation
from services.models import Service, Target

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

MOST_OFFERED = 300


def namespaces_for(user: User, service: Service) -> list[str]:
    """Namespaces that were seen on clusters the user may see and that the team may use, by name."""
    seen = Observation.objects.filter(kind="Namespace", cluster__in=Cluster.objects.visible_to(user))
    return _granted(user, service, seen.values_list("cluster_id", "name", "name"))


def workloads_for(user: User, service: Service) -> list[str]:
    """Deployments that were seen in such namespaces, by name."""
    seen = Observation.objects.filter(kind=Target.Kind.DEPLOYMENT, cluster__in=Cluster.objects.visible_to(user))
    return _granted(user, service, seen.values_list("cluster_id", "namespace", "name"))


def _granted(user: User, service: Service, seen: QuerySet[Observation, tuple[UUID, str, str]]) -> list[str]:
    """The names among (cluster, namespace, name) whose namespace the team may use."""
    grants = {grant.cluster_id: grant for grant in Grant.objects.filter(team=service.team)}
    names = {
        name
        for cluster_id, namespace, name in seen.distinct()[: MOST_OFFERED * 4]
        if user.is_admin or ((grant := grants.get(cluster_id)) is not None and grant.covers(namespace))
    }
    return sorted(names)[:MOST_OFFERED]
