"""What an admin does with a namespace that a team has no grant for: putting a target there grants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.record import audit
from clusters.models import Cluster, Grant

if TYPE_CHECKING:
    from accounts.models import Team, User


def grant_by_admin(by: User, team: Team, cluster: Cluster, namespace: str) -> None:
    """Widen the team's grant by the namespace when an admin acts; others were held to it by require_namespace.

    Call it inside the transaction that saves the target.
    """
    if not by.is_admin:
        return
    grant = Grant.objects.select_for_update().filter(team=team, cluster=cluster).first()
    if grant is not None and grant.covers(namespace):
        return
    if grant is None:
        grant, before = Grant(team=team, cluster=cluster, namespaces=[namespace], version=1), None
    else:
        before = {"namespaces": list(grant.namespaces)}
        grant.namespaces = [*grant.namespaces, namespace]
        grant.version += 1
    grant.save()
    after = {"team": team.name, "cluster": cluster.name, "namespaces": grant.namespaces}
    audit(by, "grant.create", grant, before=before, after=after, team=team.name)
