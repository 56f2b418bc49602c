from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from services.facts import target_facts
from services.live import announce
from services.live_workload import require_container, require_kubernetes_service, require_workload
from services.models import Target
from services.rules.target import IDENTITY, checked_target
from web.errors import Invalid
from web.etag import claim_version

if TYPE_CHECKING:
    from accounts.models import User


def edit_target(by: User, target: Target, /, **fields: Any) -> Target:
    """Change container, kubernetes_service or strategy of a target. What it points at stays: that is another target.

    Raises NotPermitted, Invalid, PreconditionFailed; UnknownContainer, UnknownWorkload, ClusterUnreachable when the
    container or the Kubernetes Service changes and has to be looked up.
    """
    require(by, "target.edit", target.team, target.environment.name, service=target.service.name)
    clean = checked_target(fields)
    now = target_facts(target)
    for field in IDENTITY & clean.keys():
        if clean.pop(field) != now[field]:
            raise Invalid.at(
                f"/{field}",
                "fixed",
                _("A target keeps its place and workload. Remove it and add another one."),
            )
    clean = _found_on_cluster(target, {field: value for field, value in clean.items() if value != now[field]})
    before = target_facts(target)
    for field, value in clean.items():
        setattr(target, field, value)
    after = target_facts(target)
    if after != before:
        with atomic():
            claim_version(target)
            target.save()
            audit(by, "target.edit", target, before=before, after=after, team=target.team.name)
            announce(target.service.name)
    return target


def _found_on_cluster(target: Target, changed: dict[str, Any]) -> dict[str, Any]:
    """The changes, with container and Kubernetes Service looked up where they are among them."""
    wanted = Target(
        cluster=target.cluster,
        namespace=target.namespace,
        workload=target.workload,
        kind=target.kind,
        container=changed.get("container", ""),
        kubernetes_service=changed.get("kubernetes_service", ""),
    )
    require_kubernetes_service(wanted)
    if "container" not in changed:
        return changed
    return {**changed, "container": require_container(wanted, require_workload(wanted))}
