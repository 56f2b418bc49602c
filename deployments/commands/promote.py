"""Leave a pause of a release, or all that are left."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext as _

from accounts.models import User
from deployments.asking import Ask, ask_of, no_state_for
from deployments.errors import WrongPhase
from deployments.models import Phase, Release
from deployments.verbs import GOES_ON, allowed_verbs, is_editable, is_held, is_in_place


def promote_release(release: Release, *, by: User, full: bool = False, step: int | None = None) -> Release:
    """Leave the pause that the release is in, or with `full` all pauses and analyses that are left. Idempotent.

    Approvals, freeze windows and readiness are never skipped. At an analysis that stayed open it accepts (audited with
    the reason). `step` is the index of the step that the caller saw: a click that comes late leaves no other pause.
    Raises NotPermitted, and WrongPhase where there is no pause to leave.
    """
    return ask_of(release, "promote", by=by, ask=partial(_onward, full=full, step=step))


def _onward(current: Release, *, full: bool, step: int | None) -> Ask | None:
    asked = current.asks.get("promote")
    if asked and (asked.get("full") or not full):
        return None
    if current.ended or "abort" in current.asks or is_editable(current) or not is_in_place(current):
        raise no_state_for(current, "promote")
    here = int(current.state.get("step") or 0)
    if step is not None and step != here:
        detail = _("Release #%(number)d has left step %(step)d by now.")
        raise WrongPhase(detail % {"number": current.number, "step": step + 1}, allowed=allowed_verbs(current))
    if full:
        return _all_the_way(current, here)
    if current.phase != Phase.PAUSED or is_held(current):
        next_step = _("Resume it first: a person holds it.") if is_held(current) else _("It is at no pause.")
        raise no_state_for(current, "promote", next_step)
    if current.reason and current.reason != "AnalysisInconclusive":
        raise no_state_for(current, "promote", _("Retry it, or abort it."))
    accepted = {"accepted": current.reason} if current.reason else {}
    return {"full": False, "step": here, **accepted}


def _all_the_way(current: Release, here: int) -> Ask | None:
    if current.state.get("full"):
        return None
    if current.phase == Phase.PAUSED and current.reason not in ("", "AnalysisInconclusive"):
        raise no_state_for(current, "promote", _("Retry it, or abort it."))
    if current.phase not in (*GOES_ON, Phase.PAUSED):
        raise no_state_for(current, "promote")
    accepted = {"accepted": current.reason} if current.reason == "AnalysisInconclusive" else {}
    return {"full": True, "step": here, **accepted}
