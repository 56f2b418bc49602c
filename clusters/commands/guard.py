"""Install and remove the admission policy that guards releases in place (see `clusters.access_manifest.guard`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.permissions import require
from audit.record import audit
from clusters.access_manifest import guard
from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused
from clusters.models import Cluster
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def install_guard(by: User, cluster: Cluster) -> Cluster:
    """Apply policy and binding, whatever is there of them. Idempotent.

    Raises NotPermitted, ClusterUnreachable, and ApiRefused: no right to, or an API server older than 1.30.
    """
    require(by, "cluster.guard", None)
    door = connect(cluster)
    # The policy first: a binding to one that is not there denies nothing, and says so nowhere.
    for path, document in reversed(_documents()):
        door.apply(path, document, force=True)
    return _noted(by, cluster, installed=True)


def remove_guard(by: User, cluster: Cluster) -> Cluster:
    """Take both away. Idempotent. Raises as `install_guard`."""
    require(by, "cluster.guard", None)
    door = connect(cluster)
    for path, _document in _documents():
        try:
            door.delete(path)
        except ApiRefused as error:
            if not error.is_not_found:
                raise
    return _noted(by, cluster, installed=False)


def is_guarded(door: Door) -> bool | None:
    """Whether policy and binding are there; None where it may not be looked up, or the API server is too old."""
    try:
        for path, _document in _documents():
            door.get(path)
    except ApiRefused as error:
        return False if error.is_not_found else None
    return True


def _documents() -> list[tuple[str, dict[str, Any]]]:
    """Binding and policy with their paths: in this order they are removed, in the other they are made."""
    policy, binding = guard()
    return [
        (paths.admission_policy_binding(binding["metadata"]["name"]), binding),
        (paths.admission_policy(policy["metadata"]["name"]), policy),
    ]


def _noted(by: User, cluster: Cluster, *, installed: bool) -> Cluster:
    before = cluster.capabilities.get("guard")
    cluster.capabilities = {**cluster.capabilities, "guard": installed}
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(capabilities=cluster.capabilities)
        audit(by, "cluster.guard", cluster, before={"guard": before}, after={"guard": installed})
        publish(f"cluster:{cluster.name}")
    return cluster
