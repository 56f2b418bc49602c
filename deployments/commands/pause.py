"""Hold a release where it is."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from deployments.asking import Ask, ask_of, no_state_for
from deployments.models import Phase, Release
from deployments.verbs import GOES_ON, is_editable, is_held, is_in_place


def pause_release(release: Release, *, by: User) -> Release:
    """Ask a canary or blue-green release to hold until somebody resumes it. Idempotent.

    Its analysis in the background goes on and can still abort it. Raises NotPermitted, and WrongPhase for a rolling
    release, before the first write and once it ends.
    """
    return ask_of(release, "pause", by=by, ask=_hold)


def _hold(current: Release) -> Ask | None:
    if "pause" in current.asks or is_held(current):
        return None
    if current.ended or "abort" in current.asks or is_editable(current) or not is_in_place(current):
        raise no_state_for(current, "pause", _("Abort it, if it must not go on.") if not current.ended else "")
    if current.phase == Phase.PAUSED:
        # In trouble it stands still already, and goes on only when somebody says so.
        return None if current.reason else {}
    if current.phase not in (*GOES_ON, Phase.TAKING_OVER):
        raise no_state_for(current, "pause")
    return {}
