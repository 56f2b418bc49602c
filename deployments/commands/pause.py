"""Hold a release where it is."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from deployments.asking import Ask, ask_of, no_state_for
from deployments.models import Phase, Release
from deployments.verbs import is_editable, is_held, pausable


def pause_release(release: Release, *, by: User) -> Release:
    """Ask a release to hold until somebody resumes it. Idempotent.

    The background analysis of a canary goes on and can still abort it; a rolling release stays where it is by
    `spec.paused`. Raises NotPermitted, and WrongPhase before the first write and once it ends.
    """
    return ask_of(release, "pause", by=by, ask=_hold)


def _hold(current: Release) -> Ask | None:
    if "pause" in current.asks or is_held(current):
        return None
    if current.ended or "abort" in current.asks or is_editable(current):
        raise no_state_for(current, "pause", _("Abort it, if it must not go on.") if not current.ended else "")
    if current.phase == Phase.PAUSED:
        # In trouble it stands still already, and goes on only when somebody says so.
        return None if current.reason else {}
    if current.phase not in pausable(current):
        raise no_state_for(current, "pause")
    return {}
