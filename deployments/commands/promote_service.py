"""Promotion: bring what runs in one environment to the next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from clusters.connection import connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from deployments.commands.start import require_target_namespace
from deployments.engine.decision import Sentence
from deployments.engine.json import Json
from deployments.engine.workload import template_of
from deployments.errors import ReleaseBlocked, ReleaseInvalid
from deployments.models import Release
from deployments.plan import Wish, plan_release, target_of
from deployments.running_images import images_to_promote
from deployments.start import make_release
from services.live_workload import require_workload
from services.models import Environment, Service, Target


def promote_service(
    by: User, *, service: Service, origin: Environment, to: Environment, reason: str = "", supersede: bool = False
) -> Release:
    """Start a release of the images that run in `origin`, by the digest that its pods report, to `to`.

    Raises NotPermitted, ReleaseInvalid, UnknownWorkload, and ReleaseBlocked when nothing runs there, something is being
    released there, or what stands in the way of any start.
    """
    require(by, "release.start", service.team, to.name, service=service.name)
    if origin.pk == to.pk:
        detail = _("%(service)s already runs in %(environment)s.") % {"service": service.name, "environment": to.name}
        raise ReleaseInvalid(detail, errors=[{"pointer": "/to", "code": "same_environment", "detail": detail}])
    source, target = target_of(service, origin), target_of(service, to)
    require_target_namespace(by, target)
    if active := Release.objects.active().filter(target=source).first():
        detail = _("Release #%(number)d in %(environment)s is under way: what runs there is not settled.")
        raise ReleaseBlocked(
            detail % {"number": active.number, "environment": origin.name},
            blocked_by=[{"kind": "release", "id": str(active.pk), "status": active.status}],
            next=_("Wait for it, or start the release with the image itself."),
        )
    deployment, pods = _running(source)
    images = images_to_promote(deployment, pods, source.container, template_of(require_workload(target)), target)
    if not images:
        detail = _("Nothing of %(service)s runs in %(environment)s.") % {
            "service": service.name,
            "environment": origin.name,
        }
        raise ReleaseBlocked(
            detail,
            blocked_by=[{"kind": "nothing_runs", "environment": origin.name}],
            next=_("Release it there first, or scale it up."),
        )
    newest = source.revisions.order_by("-number").first()
    plan = plan_release(
        target, Wish(images=images, supersede=supersede, version=newest.version_label if newest else ""), by
    )
    plan.raise_refusals()
    version = Release(version_label=plan.wish.version, images=plan.images).label
    params = {"version": version, "origin": origin.name, "environment": to.name, "by": by.username}
    said = Sentence("started_promotion", params)
    return make_release(plan, by=by, action="release.start", said=said, reason=reason)


def _running(source: Target) -> tuple[Json, list[Json]]:
    """The Deployment of the target and the pods of the namespace, as they are now."""
    deployment = require_workload(source)
    try:
        pods: list[Json] = connect(source.cluster).list(paths.pods(source.namespace))["items"]
    except (ClusterUnreachable, ApiRefused) as error:
        blocked_by = [{"kind": "cluster", "cluster": source.cluster.name, "detail": error.detail}]
        raise ReleaseBlocked(error.detail, blocked_by=blocked_by, next=error.next) from error
    return deployment, pods
