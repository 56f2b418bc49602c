"""Forget a cluster, its credentials and what was observed of it. Nothing on the cluster itself is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import require
from audit.record import audit
from clusters.commands.register import what_is_recorded
from clusters.connection import forget
from clusters.errors import ClusterInUse
from clusters.models import Cluster
from clusters.removal import what_blocks_removal
from durable.commit import after_commit
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def remove_cluster(by: User, cluster: Cluster) -> None:
    """Raises NotPermitted, and ClusterInUse listing in `blocked_by` what still works with the cluster."""
    require(by, "cluster.remove", None)
    cluster_id, name = cluster.pk, cluster.name
    try:
        with transaction.atomic():
            blockers = what_blocks_removal(cluster)
            if blockers:
                raise ClusterInUse(
                    ngettext(
                        "Cluster %(name)s cannot be removed: one thing still uses it.",
                        "Cluster %(name)s cannot be removed: %(count)d things still use it.",
                        len(blockers),
                    )
                    % {"name": name, "count": len(blockers)},
                    next=_("End or remove what is listed, then try again."),
                    cluster=name,
                    blocked_by=blockers,
                )
            audit(by, "cluster.remove", cluster, before=what_is_recorded(cluster))
            Cluster.objects.filter(pk=cluster_id).delete()
            after_commit(forget, cluster_id)
            publish(f"cluster:{name}", "clusters")
    except ProtectedError as error:
        raise ClusterInUse(
            _("Cluster %(name)s cannot be removed: other records point to it.") % {"name": name},
            next=_("Remove its targets first."),
            cluster=name,
            blocked_by=[
                {"kind": str(row._meta.verbose_name), "id": str(row.pk), "name": str(row)}
                for row in list(error.protected_objects)[:20]
            ],
        ) from error
