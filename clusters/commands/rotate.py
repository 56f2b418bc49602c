"""Give a cluster new credentials, and with them its address and trust: a stored token never goes to a new address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from clusters.commands.check import StepResult
from clusters.commands.edit import save_edit
from clusters.commands.register import connection_values, observed_values, read_and_check
from clusters.connection import forget
from clusters.errors import ClusterRefused
from clusters.models import Cluster, ClusterCredential
from durable.commit import after_commit
from web.errors import Conflict
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User
    from clusters.commands.source import Source


def rotate_credentials(by: User | None, cluster: Cluster, source: Source) -> tuple[Cluster, list[StepResult]]:
    """Check the new connection as at registration, then replace the old one. `by` None is Slipway itself.

    Raises NotPermitted, ClusterRefused when a step failed (the old connection stays), Conflict when another cluster
    answers there, PreconditionFailed when the cluster was edited meanwhile.
    """
    if by is not None:
        require(by, "cluster.rotate", None)
    check, destination, context = read_and_check(cluster.name, source)
    if check.facts is None or destination is None:
        raise check.refusal or ClusterRefused("parse", _("the check did not finish"), cluster=cluster.name)
    if cluster.uid and cluster.uid != check.facts.uid:
        raise Conflict(
            _("Another cluster answers there: it is not the one registered as %(name)s.") % {"name": cluster.name},
            next=_("Register it under a name of its own; targets and history belong to the present one."),
        )
    connection = connection_values(destination, context)
    before = {name: getattr(cluster, name) for name in connection if name != "ca_data"}
    with transaction.atomic():
        save_edit(cluster, {**connection, **observed_values(check.facts)})
        credential = ClusterCredential.objects.select_for_update().filter(cluster=cluster).first()
        credential = credential or ClusterCredential(cluster=cluster, version=0)
        credential.kind, credential.secret = destination.kind, destination.secret
        credential.version += 1
        credential.save()
        after = {name: value for name, value in connection.items() if name != "ca_data"}
        audit(by, "cluster.rotate", cluster, before=before, after=after, revision=credential.version)
        after_commit(forget, cluster.pk)
        publish(f"cluster:{cluster.name}", "clusters")
    return cluster, check.steps
