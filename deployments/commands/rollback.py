"""Roll back to an older Revision."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from clusters.connection import connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from deployments.commands.start import require_target_namespace
from deployments.engine.decision import Said, Sentence
from deployments.engine.json import Json
from deployments.engine.workload import hash_of, same_template, template_of
from deployments.errors import NothingToRollBackTo, ReleaseBlocked
from deployments.freeze import require_emergency
from deployments.models import Release, Revision
from deployments.named_objects import changed_objects, missing_objects
from deployments.plan import Wish, plan_release, target_of
from deployments.start import make_release
from durable.clock import database_time
from services.models import Environment, Service, Target


def rollback_release(
    by: User,
    *,
    service: Service,
    environment: Environment,
    to_revision: int | None = None,
    reason: str = "",
    supersede: bool = False,
    emergency: bool = False,
) -> Release:
    """Start a release to the exact template of an older Revision, the last good one unless a number is given.

    It rolls, without pauses or analysis, and passes freeze windows; approvals only with `emergency`, which takes the
    role that may override (audited). Raises NotPermitted, NothingToRollBackTo, ReleaseBlocked (also when an object that
    the template names is gone).
    """
    require(by, "release.rollback", service.team, environment.name, service=service.name)
    target = target_of(service, environment)
    require_target_namespace(by, target)
    revision = _named(target, to_revision) if to_revision is not None else last_good(target, _running(target))
    _refuse_if_objects_are_gone(target, revision)
    role = require_emergency(by, target, database_time()) if emergency else ""
    wish = Wish(
        strategy=_rolling(target),
        supersede=supersede,
        template=revision.template,
        version=revision.version_label,
        emergency=emergency,
    )
    plan = plan_release(target, wish, by)
    plan.raise_refusals()
    params = {"revision": revision.number, "version": revision.label, "by": by.username}
    said = Sentence("started_rollback", params)
    changed = changed_objects(target, revision.template, revision.contents)
    notes = tuple(
        Said("rollback.note", Sentence("object_changed", {"object": one, "revision": revision.number}))
        for one in changed
    )
    if emergency:
        notes += (Said("release.override", Sentence("started_emergency", {"by": by.username, "role": role})),)
    with transaction.atomic():
        release = make_release(
            plan, by=by, action="release.rollback", said=said, notes=notes, reason=reason, rollback_to=revision
        )
        if emergency:
            audit(by, "release.override", release, team=release.team.name, role=role, reason=reason)
    return release


def _rolling(target: Target) -> Json:
    """The rolling default of the target or its environment, else plain: a rollback takes no steps."""
    defaults = (target.strategy, target.environment.strategy)
    return next((one for one in defaults if one and one.get("type") == "rolling"), {"type": "rolling"})


def last_good(target: Target, running: Json) -> Revision:
    """The newest Revision whose template is not what runs now. Raises NothingToRollBackTo."""
    for revision in Revision.objects.filter(target=target).order_by("-number")[:50]:
        if revision.template_hash != hash_of(running) and not same_template(revision.template, running):
            return revision
    detail = _("%(target)s has no other revision to go back to.") % {"target": target}
    raise NothingToRollBackTo(detail, next=_("Only finished releases leave a revision."))


def _named(target: Target, number: int) -> Revision:
    found = Revision.objects.filter(target=target, number=number).first()
    if found is None:
        detail = _("%(target)s has no revision %(number)d.") % {"target": target, "number": number}
        raise NothingToRollBackTo(detail, next=_("The page of the service lists the revisions there are."))
    return found


def _running(target: Target) -> Json:
    try:
        return template_of(connect(target.cluster).get(paths.deployment(target.namespace, target.workload)))
    except ApiRefused as error:
        if error.is_not_found:
            return {}
        raise
    except ClusterUnreachable as error:
        blocked_by = [{"kind": "cluster", "cluster": target.cluster.name, "detail": error.detail}]
        raise ReleaseBlocked(error.detail, blocked_by=blocked_by, next=error.next) from error


def _refuse_if_objects_are_gone(target: Target, revision: Revision) -> None:
    gone = missing_objects(target, revision.template)
    if gone:
        detail = _("Revision %(number)d names objects that are gone from %(namespace)s: %(names)s.") % {
            "number": revision.number,
            "namespace": target.namespace,
            "names": ", ".join(f"{kind} {name}" for kind, name in gone),
        }
        blocked_by = [{"kind": kind, "name": name} for kind, name in gone]
        raise ReleaseBlocked(detail, blocked_by=blocked_by, next=_("Make them again, or choose another revision."))
