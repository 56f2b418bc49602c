"""What every command on a release shares: that Helm is there, nothing else runs, and the operation becomes a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import audit
from charts.errors import OperationRunning, ReleaseGone, ReleasePending
from charts.models import HelmOperation, HelmRelease
from charts.observing import observe_release
from charts.program import find_helm
from charts.storage import PENDING
from charts.tasks import advance
from durable.commit import after_commit
from durable.idempotency import note_made
from web.errors import Invalid
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import Team, User

LEAST_SECONDS, MOST_SECONDS = 5, 3600
STATUS_WHILE = {
    "install": "pending-install",
    "upgrade": "pending-upgrade",
    "rollback": "pending-rollback",
    "uninstall": "uninstalling",
}


def ask_for(
    by: User, release: HelmRelease, kind: str, *, team: Team | None, recorded: dict[str, Any], **fields: Any
) -> HelmOperation:
    """Write the operation down, with its audit entry `helm_release.KIND`, and hand it to a worker once it is saved.

    `release` may be new. Raises HelmMissing, OperationRunning.
    """
    find_helm()
    try:
        with atomic():
            if release._state.adding:
                release.save(force_insert=True)
            operation = HelmOperation(
                release=release, kind=kind, created_by=by, beyond_namespace=by.is_admin, due_at=timezone.now(), **fields
            )
            operation.save(force_insert=True)
            # The cluster's word comes back with the next look at it; until the operation ends this is what goes on.
            release.status = STATUS_WHILE[kind]
            HelmRelease.objects.filter(pk=release.pk).update(status=release.status)
            note_made(operation.pk)
            audit(by, f"helm_release.{kind}", release, after=recorded, team=team.name if team else "")
            after_commit(advance.delay, str(operation.pk))
            publish(f"helm_release:{release.pk}", "helm_releases")
    except IntegrityError as error:
        raise running(release) from error
    return operation


def refuse_busy(release: HelmRelease) -> None:
    """Raises OperationRunning while an operation of ours runs, ReleasePending where another's is under way or stuck."""
    if HelmOperation.objects.filter(release=release).exclude(state__in=HelmOperation.ENDED).exists():
        raise running(release)
    if release.status in PENDING:
        # What was seen may be over by now.
        observe_release(release)
    if release.status in PENDING:
        raise ReleasePending(
            _("Revision %(revision)d of %(name)s is %(status)s: an operation is under way, or was interrupted.")
            % {"revision": release.revision, "name": release.name, "status": release.status},
            next=_("If nobody works on it any more, recover the release; then try again."),
        )


def refuse_gone(release: HelmRelease) -> None:
    """Raises ReleaseGone for a release that was uninstalled."""
    if release.is_gone:
        raise ReleaseGone(_("%(name)s was uninstalled.") % {"name": release.name}, next=_("Install it again."))


def running(release: HelmRelease) -> OperationRunning:
    """What to raise while an operation runs."""
    found = HelmOperation.objects.filter(
        release__cluster=release.cluster, release__namespace=release.namespace, release__name=release.name
    )
    blocking = found.exclude(state__in=HelmOperation.ENDED).first()
    return OperationRunning(
        _("An operation on %(name)s has not ended.") % {"name": release.name},
        next=_("Wait until it has ended, then try again."),
        blocked_by=[{"kind": "helm_operation", "id": str(blocking.pk), "what": blocking.kind}] if blocking else [],
    )


def checked_seconds(seconds: int) -> int:
    """The time that an operation may take until all is ready. Raises Invalid at /timeout_seconds."""
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise Invalid.at(
            "/timeout_seconds",
            "range",
            _("Use %(least)d to %(most)d seconds.") % {"least": LEAST_SECONDS, "most": MOST_SECONDS},
        )
    return seconds
