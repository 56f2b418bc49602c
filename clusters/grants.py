"""Who may use which namespace of which cluster. Deny by default; an admin may use all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clusters.models import Cluster, Grant
from web.errors import NotPermitted

if TYPE_CHECKING:
    from accounts.models import Team, User


def may_use_namespace(user: User, team: Team | None, cluster: Cluster, namespace: str) -> bool:
    """Whether things of `team` may live in `namespace`; an admin may put them anywhere. One query."""
    if user.is_admin:
        return True
    if team is None:
        return False
    held = Grant.objects.filter(team=team, cluster=cluster).first()
    return held is not None and held.covers(namespace)


def namespaces_for(user: User, cluster: Cluster) -> set[str] | None:
    """The namespaces of the cluster that a person may look into; None is all of them. One query."""
    if user.is_admin:
        return None
    held = Grant.objects.visible_to(user).filter(cluster=cluster)
    found = {namespace for grant in held for namespace in grant.namespaces}
    return None if "*" in found else found


def require_namespace(by: User, team: Team | None, cluster: Cluster, namespace: str) -> None:
    """Raises NotPermitted, saying which grant is missing and who gives it, unless may_use_namespace."""
    if may_use_namespace(by, team, cluster, namespace):
        return
    raise NotPermitted(
        _("Team %(team)s has no grant for namespace %(namespace)s on cluster %(cluster)s.")
        % {"team": team.name if team else "-", "namespace": namespace, "cluster": cluster.name},
        permission="grant",
        granted_by=_("an admin"),
        next=_("Ask an admin to grant the namespace to the team under Clusters."),
    )
