"""Let one release pass the freeze window that holds it, or the promotion gate."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.utils.translation import gettext as _

from accounts.models import User
from deployments.asking import Ask, ask_of
from deployments.engine.seen import Window
from deployments.errors import WrongPhase
from deployments.freeze import require_override, window_of
from deployments.models import Phase, Release
from deployments.promotion.gate import require_pass
from deployments.verbs import allowed_verbs, is_held_by_promotion
from durable.clock import database_time
from web.errors import Invalid


def override_window(release: Release, *, by: User, reason: str) -> Release:
    """Let the release pass the window that blocks its environment now, and no other one; where none does, the promotion
    gate. Idempotent, audited.

    Approvals are still waited for, and the next occurrence of the same window holds again. Raises NotPermitted for who
    lacks the role that the window names, Invalid without a reason, and WrongPhase where nothing of this holds it.
    """
    why = reason.strip()
    if is_held_by_promotion(release) and _window(release, database_time()) is None:
        ask = partial(_pass_promotion, by=by, reason=why)
        return ask_of(release, "override", by=by, ask=ask, kept_as="override_promotion")
    return ask_of(release, "override", by=by, ask=partial(_pass_window, by=by, reason=why))


def _pass_window(current: Release, *, by: User, reason: str) -> Ask | None:
    now = database_time()
    window = _window(current, now)
    if window is None:
        detail = _("No freeze window and no promotion gate holds release #%(number)d.") % {"number": current.number}
        raise WrongPhase(detail, allowed=[verb for verb in allowed_verbs(current) if verb != "override"])
    role = require_override(by, current.target, now)
    if not reason:
        raise Invalid.at("/reason", "required", _("Say why it must not wait for the end of the window."))
    given = {"window": window.name, "until": window.until.isoformat()}
    asked = current.asks.get("override") or {}
    return None if given.items() <= asked.items() else {**given, "role": role, "reason": reason}


def _pass_promotion(current: Release, *, by: User, reason: str) -> Ask | None:
    role = require_pass(by, current.target, database_time())
    if not reason:
        raise Invalid.at("/reason", "required", _("Say why it must not wait for the promotion gate."))
    if not is_held_by_promotion(current) or current.ended:
        return None
    return {"promotion": current.state["gates"]["promotion"]["from"], "role": role, "reason": reason}


def _window(release: Release, now: datetime) -> Window | None:
    return None if _is_past_windows(release) else window_of(release, now)


def _is_past_windows(release: Release) -> bool:
    """Windows are asked for before each next step; what settles, gives back or is an emergency is free of them."""
    settles = release.phase in (Phase.TAKING_OVER, Phase.FINISHING, Phase.ABORTING)
    return release.ended or release.emergency or settles or "abort" in release.asks
