"""Roll a Helm release back to an earlier revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from charts.commands.asking import ask_for, checked_seconds, refuse_busy, refuse_gone
from charts.commands.install import DEFAULT_SECONDS
from charts.errors import ReleaseGone
from charts.models import HelmOperation, HelmRelease
from charts.places import require_place
from charts.storage import history
from clusters.connection import connect
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def rollback_release(
    by: User, release: HelmRelease, revision: int, *, timeout_seconds: int = DEFAULT_SECONDS
) -> HelmOperation:
    """Ask for a rollback: a new revision with what an earlier one held. The revision must still be kept.

    Raises NotPermitted, Invalid, HelmMissing, ReleaseGone, OperationRunning, ReleasePending, ClusterUnreachable.
    """
    team = require_place(by, "helm_release.rollback", release.cluster, release.namespace)
    refuse_gone(release)
    refuse_busy(release)
    kept = {record.revision: record for record in history(connect(release.cluster), release.namespace, release.name)}
    if not kept:
        raise ReleaseGone(_("Helm knows no release %(name)s any more.") % {"name": release.name})
    if revision not in kept:
        known = ", ".join(str(number) for number in sorted(kept))
        raise Invalid.at(
            "/revision",
            "unknown_revision",
            _("There is no revision %(revision)d. There are: %(known)s.") % {"revision": revision, "known": known},
        )
    return ask_for(
        by,
        release,
        "rollback",
        team=team,
        recorded={"to_revision": revision},
        to_revision=revision,
        timeout_seconds=checked_seconds(timeout_seconds),
    )
