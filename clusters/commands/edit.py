"""Change what a cluster is called and belongs to; where it is and how to get in changes by `rotate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from clusters.commands.fields import clean_fields, name_taken, refuse_taken_name
from clusters.models import Cluster
from web.errors import PreconditionFailed
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def edit_cluster(by: User, cluster: Cluster, **values: Any) -> Cluster:
    """Set name, title, environment, labels or prometheus_url, whichever are given.

    Raises NotPermitted, Invalid, Conflict when another cluster has the name, and PreconditionFailed when somebody
    edited the cluster since `cluster` was read.
    """
    require(by, "cluster.edit", None)
    fields = clean_fields(values)
    if (name := values.get("name", cluster.name)) != cluster.name:
        refuse_taken_name(name, but=cluster)
        fields["name"] = name
    changed = {name: value for name, value in fields.items() if value != getattr(cluster, name)}
    if not changed:
        return cluster
    before = {name: getattr(cluster, name) for name in changed}
    old_name = cluster.name
    with transaction.atomic():
        try:
            save_edit(cluster, changed)
        except IntegrityError as error:
            raise name_taken(str(changed["name"])) from error
        audit(by, "cluster.edit", cluster, before=before, after=changed)
        publish(f"cluster:{old_name}", "clusters")
    return cluster


def save_edit(cluster: Cluster, changed: dict[str, Any]) -> None:
    """Write the columns and raise the version, if it still is the one that was read. Raises PreconditionFailed."""
    version = cluster.version + 1
    if not Cluster.objects.filter(pk=cluster.pk, version=cluster.version).update(version=version, **changed):
        raise PreconditionFailed(
            _("Cluster %(name)s was edited by somebody else meanwhile.") % {"name": cluster.name},
            next=_("Read it again and repeat the change."),
        )
    for name, value in {**changed, "version": version}.items():
        setattr(cluster, name, value)
