"""Saying where a service runs: an existing workload, or one that is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from clusters.errors import ClusterUnreachable
from clusters.grants import require_namespace
from durable.idempotency import note_made
from services.errors import TargetExists, WorkloadTaken
from services.facts import target_facts
from services.granting import grant_by_admin
from services.live import announce
from services.live_workload import require_container, require_kubernetes_service, require_workload
from services.lookups import cluster_named, environment_named
from services.making import make_workload, unmake_workload
from services.models import Service, Target
from services.rules.new_workload import NewWorkload, checked_workload
from services.rules.target import checked_target

if TYPE_CHECKING:
    from accounts.models import User
    from clusters.models import Cluster


def create_target(
    by: User,
    service: Service,
    /,
    *,
    environment: str,
    cluster: str,
    namespace: str,
    workload: str,
    create: dict[str, Any] | None = None,
    **fields: Any,
) -> Target:
    """Say where a service runs in an environment. Environment and cluster are given by name.

    The workload is looked up on the cluster; with `create` (see services.rules.new_workload) it is made there, after a
    dry run, and unmade again when the target cannot be saved.

    Raises NotPermitted, Invalid, TargetExists, WorkloadTaken, UnknownWorkload, UnknownContainer, WorkloadRefused,
    ClusterUnreachable.
    """
    require(by, "target.create", service.team, str(environment), service=service.name)
    place = {"environment": environment, "cluster": cluster, "namespace": namespace, "workload": workload}
    clean = checked_target({**place, **fields})
    target = Target(
        **{
            **clean,
            "service": service,
            "environment": environment_named(clean["environment"]),
            "cluster": cluster_named(by, clean["cluster"]),
        }
    )
    wish = checked_workload(create) if create is not None else None
    require_namespace(by, service.team, target.cluster, target.namespace)
    require_known_uid(target.cluster)
    target.workload_key = Target.key_of(target.cluster.uid, target.namespace, target.kind, target.workload)
    require_free(by, target)
    if wish is None:
        target.container = require_container(target, require_workload(target))
        require_kubernetes_service(target)
        return save_target(by, target)
    return _make_and_save(by, target, wish)


def save_target(by: User, target: Target, **data: Any) -> Target:
    """Insert a target that was checked, with its audit entry; an admin's grants the namespace.

    Raises TargetExists, WorkloadTaken: another request may have been faster.
    """
    try:
        with atomic():
            grant_by_admin(by, target.service.team, target.cluster, target.namespace)
            target.save(force_insert=True)
            note_made(target.pk)
            audit(by, "target.create", target, after=target_facts(target), team=target.team.name, **data)
            announce(target.service.name)
    except IntegrityError:
        require_free(by, target)
        raise
    return target


def require_known_uid(cluster: Cluster) -> None:
    """Raises ClusterUnreachable for a cluster whose identity is not known yet, so that no workload gets a false key."""
    if not cluster.uid:
        raise ClusterUnreachable(
            cluster.name,
            _("Cluster %(cluster)s has not been reached yet, so its workloads cannot be told apart from others.")
            % {"cluster": cluster.name},
            next=_("Wait until the cluster is connected, then try again."),
        )


def require_free(by: User, target: Target) -> None:
    """Raises TargetExists or WorkloadTaken when the place is taken; names the other service only to who may see it."""
    if Target.objects.filter(service=target.service, environment=target.environment).exists():
        detail = _("%(service)s has a target in %(environment)s already.") % {
            "service": target.service.name,
            "environment": target.environment.name,
        }
        raise TargetExists(
            detail,
            errors=[{"pointer": "/environment", "code": "target_exists", "detail": detail}],
            next=_("Edit or remove that target."),
        )
    other = Target.objects.filter(workload_key=target.workload_key).select_related("service", "environment").first()
    if other is None:
        return
    where = f"{target.namespace}/{target.workload}"
    if Target.objects.visible_to(by).filter(pk=other.pk).exists():
        detail = _("Workload %(workload)s belongs to %(service)s in %(environment)s already.") % {
            "workload": where,
            "service": other.service.name,
            "environment": other.environment.name,
        }
    else:
        detail = _("Workload %(workload)s belongs to another service already.") % {"workload": where}
    raise WorkloadTaken(
        detail,
        errors=[{"pointer": "/workload", "code": "workload_taken", "detail": detail}],
        next=_("A workload belongs to one target. Choose another workload, or remove the other target first."),
    )


def _make_and_save(by: User, target: Target, wish: NewWorkload) -> Target:
    made = make_workload(target, wish)
    try:
        return save_target(by, target, created_workload=True, image=wish.image)
    except BaseException:
        unmake_workload(target.cluster, made)
        raise
