"""Let a release go on that a person holds."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from deployments.asking import Ask, ask_of, no_state_for
from deployments.models import Release
from deployments.verbs import is_editable, is_held, pausable


def resume_release(release: Release, *, by: User) -> Release:
    """Take a person's pause away; the pauses of its steps are left by `promote`. Idempotent: one that goes on, goes on.

    Raises NotPermitted, and WrongPhase where nobody holds it and it does not go on either.
    """
    return ask_of(release, "resume", by=by, ask=_go_on)


def _go_on(current: Release) -> Ask | None:
    if "resume" in current.asks:
        return None
    if is_held(current) or "pause" in current.asks:
        return {}
    if current.ended or is_editable(current):
        raise no_state_for(current, "resume")
    if current.phase in pausable(current):
        return None
    raise no_state_for(current, "resume", _("Nobody holds it: promote leaves the pause of a step."))
