"""Recover a release whose operation was interrupted: from then on Helm's record says that it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from audit.record import audit
from charts.commands.asking import running
from charts.errors import ReleasePending
from charts.models import HelmOperation, HelmRelease
from charts.observing import observe_release
from charts.places import require_place
from charts.storage import history, mark_failed
from clusters.connection import connect
from clusters.errors import ApiRefused
from web.errors import Conflict

if TYPE_CHECKING:
    from accounts.models import User


def recover_release(by: User, release: HelmRelease, revision: int) -> HelmRelease:
    """Mark the pending revision as failed, so that Helm takes the next operation. The caller names the revision, which
    confirms that it is this one that nobody works on.

    Raises NotPermitted, OperationRunning while ours runs, Conflict when that revision is not pending,
    ClusterUnreachable.
    """
    team = require_place(by, "helm_release.recover", release.cluster, release.namespace)
    if HelmOperation.objects.filter(release=release).exclude(state__in=HelmOperation.ENDED).exists():
        raise running(release)
    door = connect(release.cluster)
    newest = next(iter(history(door, release.namespace, release.name)), None)
    if newest is None or newest.revision != revision or not newest.is_pending:
        raise Conflict(
            _("Revision %(revision)d of %(name)s is not pending.") % {"revision": revision, "name": release.name},
            next=_("Look at its history again."),
        )
    try:
        mark_failed(door, newest, f"{newest.status} was interrupted; recovered by {by.username} with Slipway")
    except ApiRefused as refusal:
        if not refusal.is_conflict:
            raise
        raise ReleasePending(
            _("Helm's record changed just now: somebody does work on %(name)s.") % {"name": release.name}
        ) from refusal
    with atomic():
        before, after = {"revision": revision, "status": newest.status}, {"revision": revision, "status": "failed"}
        audit(by, "helm_release.recover", release, before=before, after=after, team=team.name if team else "")
    return observe_release(release)
