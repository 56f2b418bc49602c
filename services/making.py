"""Making the Deployment and the Kubernetes Service of a new target, all or nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from services.errors import WorkloadRefused
from services.models import Target
from services.rules.new_workload import NewWorkload
from services.workload import (
    MANAGER_LABEL,
    NAME_LABEL,
    SYSTEM_LABEL,
    TEAM_LABEL,
    deployment_manifest,
    service_manifest,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """One object that now exists because of us; `uid` keeps us from ever deleting a later one of the same name."""

    path: str
    uid: str


def make_workload(target: Target, wish: NewWorkload) -> list[Made]:
    """Make what `wish` asks for and set the target's container and Kubernetes Service accordingly.

    Everything goes through a server-side dry run first; when a later object fails, the earlier ones are deleted.
    Raises WorkloadRefused with the cluster's words, ClusterUnreachable.
    """
    target.container = target.container or target.service.name
    if wish.port and not target.kubernetes_service:
        target.kubernetes_service = target.workload[:63]
    door = connect(target.cluster)
    manifests = _manifests(target, wish)
    for collection, manifest in manifests:
        _create(door, target, collection, manifest, dry_run=True)
    made: list[Made] = []
    try:
        for collection, manifest in manifests:
            created = _create(door, target, collection, manifest)
            made.append(Made(f"{collection}/{created['metadata']['name']}", created["metadata"]["uid"]))
    except BaseException:
        unmake_workload(target.cluster, made)
        raise
    return made


def unmake_workload(cluster: Cluster, made: list[Made]) -> None:
    """Delete what was made, newest first. What cannot be deleted is logged: the first failure is the one to tell."""
    door = connect(cluster)
    for item in reversed(made):
        try:
            door.delete(item.path, uid=item.uid)
        except (ApiRefused, ClusterUnreachable) as error:
            log.warning("left behind on cluster %s: %s (%s)", cluster.name, item.path, error)


def _manifests(target: Target, wish: NewWorkload) -> list[tuple[str, dict[str, Any]]]:
    """Collection path and manifest of each object, in the order they are made."""
    service = target.service
    labels = {NAME_LABEL: service.name, TEAM_LABEL: service.team.name, MANAGER_LABEL: "slipway"}
    if service.system:
        labels[SYSTEM_LABEL] = service.system
    deployment = deployment_manifest(
        wish, name=target.workload, namespace=target.namespace, container=target.container, labels=labels
    )
    objects = [(paths.deployments(target.namespace), deployment)]
    if wish.port:
        kubernetes_service = service_manifest(
            wish,
            name=target.kubernetes_service,
            workload=target.workload,
            namespace=target.namespace,
            labels=labels,
        )
        objects.append((paths.services(target.namespace), kubernetes_service))
    return objects


def _create(
    door: Door, target: Target, collection: str, manifest: dict[str, Any], *, dry_run: bool = False
) -> dict[str, Any]:
    try:
        return door.create(collection, manifest, dry_run=dry_run)
    except ApiRefused as refusal:
        raise _refused(target, manifest, refusal) from refusal
    except ClusterUnreachable as silence:
        if silence.ambiguous and not dry_run:
            return _created_all_the_same(door, collection, manifest, silence)
        raise


def _created_all_the_same(
    door: Door, collection: str, manifest: dict[str, Any], silence: ClusterUnreachable
) -> dict[str, Any]:
    """The answer was lost: look whether the object is there, as the dry run a moment ago said it was not."""
    try:
        return door.get(f"{collection}/{manifest['metadata']['name']}")
    except ApiRefused as refusal:
        raise silence from refusal


def _refused(target: Target, manifest: dict[str, Any], refusal: ApiRefused) -> WorkloadRefused:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    where = {"kind": kind, "name": name, "namespace": target.namespace, "cluster": target.cluster.name}
    pointer, next_step = "/create", ""
    if refusal.is_already_there:
        detail = _("There is a %(kind)s “%(name)s” in namespace %(namespace)s of cluster %(cluster)s already.") % where
        pointer = "/workload" if kind == "Deployment" else "/kubernetes_service"
        next_step = _("Leave `create` out to take it over as it is, or choose another name.")
    elif refusal.is_not_found:
        detail = _("Cluster %(cluster)s has no namespace “%(namespace)s”.") % where
        pointer = "/namespace"
    else:
        detail = _("Cluster %(cluster)s refused the %(kind)s “%(name)s”: %(reason)s") % {
            **where,
            "reason": refusal.message,
        }
    return WorkloadRefused(
        detail,
        errors=[{"pointer": pointer, "code": refusal.reason or "refused", "detail": detail}],
        next=next_step,
        cluster=target.cluster.name,
    )
