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
from deployments.models import Promotion, Release
from deployments.plan import Wish, plan_release, target_of
from deployments.promotion.images import same_image
from deployments.running_images import images_to_promote
from deployments.start import make_release
from services.live_workload import require_workload
from services.models import Environment, Service, Target


def promote_service(
    by: User,
    *,
    service: Service,
    origin: Environment,
    to: Environment,
    reason: str = "",
    supersede: bool = False,
    wait: bool = False,
    override: str = "",
    expected: str = "",
    promotion: Promotion | None = None,
) -> Release:
    """Start a release of the images that run in `origin`, by the digest that its pods report, to `to`. Images only:
    what else stands in the pod template of `to` stays.

    `wait` and `override` as in Wish. `expected` is the image that was looked at, `promotion` the one of many services
    that this belongs to. Raises NotPermitted, ReleaseInvalid, UnknownWorkload, and ReleaseBlocked when nothing runs
    there, another image than was expected, something is being released there, or what stands in the way of any start.
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
    if expected and not any(same_image(expected, image) for image in images.values()):
        detail = _("%(origin)s no longer runs %(image)s, which was looked at.") % {
            "origin": origin.name,
            "image": expected,
        }
        raise ReleaseBlocked(
            detail,
            blocked_by=[{"kind": "changed", "environment": origin.name, "images": images}],
            next=_("Look at what runs there now, then promote that."),
        )
    newest = source.revisions.select_related("release").order_by("-number").first()
    version_label = newest.version_label if newest else ""
    wish = Wish(images=images, supersede=supersede, version=version_label, wait=wait, override=override)
    plan = plan_release(target, wish, by)
    plan.raise_refusals()
    version = Release(version_label=plan.wish.version, images=plan.images).label
    params = {"version": version, "origin": origin.name, "environment": to.name, "by": by.username}
    said = Sentence("started_promotion", params)
    return make_release(
        plan,
        by=by,
        action="release.start",
        said=said,
        reason=reason,
        promoted_from=newest.release if newest else None,
        promotion=promotion,
    )


def _running(source: Target) -> tuple[Json, list[Json]]:
    """The Deployment of the target and the pods of the namespace, as they are now."""
    deployment = require_workload(source)
    try:
        pods: list[Json] = connect(source.cluster).list(paths.pods(source.namespace))["items"]
    except (ClusterUnreachable, ApiRefused) as error:
        blocked_by = [{"kind": "cluster", "cluster": source.cluster.name, "detail": error.detail}]
        raise ReleaseBlocked(error.detail, blocked_by=blocked_by, next=error.next) from error
    return deployment, pods
