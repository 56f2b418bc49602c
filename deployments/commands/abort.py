"""Abort a release."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from deployments.engine.decision import Said, Sentence
from deployments.errors import WrongPhase
from deployments.models import Phase, Release, Status
from deployments.start import add_ask


def abort_release(release: Release, *, by: User, reason: str = "") -> Release:
    """Ask a release to stop and bring the old version back. Idempotent: asking again changes nothing.

    Raises NotPermitted, and WrongPhase when the release has ended otherwise or the new version has already won.
    """
    require(by, "release.abort", release.team, release.target.environment.name, service=release.target.service.name)
    with transaction.atomic():
        current = Release.objects.with_names().select_for_update(of=("self",)).get(pk=release.pk)
        if "abort" in current.asks or current.status == Status.ABORTED:
            return current
        if current.ended or current.phase in (Phase.FINISHING, Phase.ABORTING):
            raise too_late(current)
        code = "abort_asked_because" if reason else "abort_asked"
        said = Said("release.abort", Sentence(code, {"by": by.username, "why": reason}))
        add_ask(current, "abort", {"by": by.username, "reason": reason}, said, by)
        audit(by, "release.abort", current, before={"status": current.status}, team=current.team.name, reason=reason)
    return Release.objects.with_names().get(pk=release.pk)


def too_late(release: Release) -> WrongPhase:
    """The refusal that names what can be done instead."""
    allowed = ["retry", "rollback"] if release.ended else []
    detail = _("Release #%(number)d is %(status)s (%(phase)s) and can't be aborted.") % {
        "number": release.number,
        "status": release.get_status_display(),
        "phase": release.get_phase_display(),
    }
    next_step = _("Roll back to an older revision instead.") if release.status == Status.SUCCEEDED else ""
    return WrongPhase(detail, allowed=allowed, next=next_step)
