"""Who may do what in which namespace: a release belongs to whom a team's grant gives its namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.permissions import ANYWHERE, may, require, require_reach, team_ids_with, team_names
from clusters.models import Cluster, Grant
from services.models import Target
from web.errors import NotPermitted

if TYPE_CHECKING:
    from accounts.models import User


def require_place(by: User, permission: str, cluster: Cluster, namespace: str) -> Team | None:
    """Let an admin pass, and whoever has the permission in a team that holds a grant for the namespace.

    A role for some environments counts where the namespace is in these alone. Answers that team, None for an admin.
    Raises NotPermitted, which says whether the role or the grant is missing.
    """
    if by.is_admin:
        require(by, permission, None)
        return None
    grants = list(Grant.objects.visible_to(by).filter(cluster=cluster).select_related("team"))
    here = [grant.team for grant in grants if grant.covers(namespace)]
    for team in here:
        if may(by, permission, team):
            return team
    if here:
        environments = environments_in(cluster, namespace)
        for team in here:
            if environments and all(may(by, permission, team, one) for one in environments):
                return team
        for environment in environments or [""]:
            require(by, permission, here[0], environment)
    require_reach(by, permission)
    able = team_ids_with(by, permission, ANYWHERE)
    raise NotPermitted(
        _("None of your teams (%(teams)s) has a grant for namespace %(namespace)s on cluster %(cluster)s.")
        % {"teams": ", ".join(team_names(by)) or "-", "namespace": namespace, "cluster": cluster.name},
        permission=permission if not able else "grant",
        granted_by=_("an admin"),
        next=_("Ask an admin to grant the namespace to your team under Clusters."),
    )


def environments_in(cluster: Cluster, namespace: str) -> list[str]:
    """The environments that a namespace is in: those of the targets in it, and that of its cluster. One query."""
    targets = Target.objects.filter(cluster=cluster, namespace=namespace).order_by()
    found = set(targets.values_list("environment__name", flat=True).distinct())
    return sorted(found | ({cluster.environment} if cluster.environment else set()))


def why_not_in_place(by: User, permission: str, cluster: Cluster, namespace: str) -> str:
    """Why `require_place` would refuse, as a sentence for a disabled button; "" when it would pass."""
    try:
        require_place(by, permission, cluster, namespace)
    except NotPermitted as refusal:
        return refusal.detail
    return ""
