"""Freeze windows of a target's environment: which one holds now, and who may pass it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.permissions import roles_in, who_can_grant
from deployments.engine.json import Json
from deployments.engine.seen import Window
from deployments.engine.windows import name_of, next_window, warnings_at, window_at
from deployments.models import Release
from services.models import Environment, Target
from web.errors import NotPermitted

if TYPE_CHECKING:
    from accounts.models import User

STRONGEST_FIRST = ("admin", Role.MAINTAINER, Role.APPROVER, Role.DEVELOPER)


def window_of(release: Release, now: datetime) -> Window | None:
    """The window that holds this release. A rollback is always free."""
    if release.rollback_to_id is not None:
        return None
    return window_at(release.target.environment.freeze_windows, now)


@dataclass(frozen=True)
class WindowRow:
    """One window as pages show it. `until` where it holds now, else `next_at` where it comes within a month; `when`
    says it by its own rule and zone, `override_role` who may pass it, "" for one that only warns."""

    name: str
    when: str
    mode: str
    override_role: str
    until: datetime | None
    next_at: datetime | None


def window_rows(environment: Environment, now: datetime) -> list[WindowRow]:
    """The windows of an environment in their order."""
    return [_row(window, now) for window in environment.freeze_windows]


def _row(window: Json, now: datetime) -> WindowRow:
    mode = window.get("mode", "block")
    blocks = {**window, "mode": "block"}
    holds = window_at([blocks], now) if mode == "block" else next(iter(warnings_at([window], now)), None)
    coming = None if holds else next_window([blocks], now, timedelta(days=31))
    role = (window.get("override_role") or "admin") if mode == "block" else ""
    unnamed = {key: value for key, value in window.items() if key != "name"}
    until, next_at = holds.until if holds else None, coming.starts if coming else None
    return WindowRow(name_of(window), name_of(unnamed), mode, role, until, next_at)


def until_words(moment: datetime) -> str:
    """ "3 Dec 14:00 UTC", in the zone of the reader."""
    return date_format(localtime(moment), "j M H:i T")


def may_override(by: User, target: Target, role: str) -> bool:
    """Whether a person holds the role that passes a window; a maintainer holds every one but admin's."""
    if by.is_admin:
        return True
    return role in Role.values and bool(roles_in(by, target.team, target.environment.name) & {role, Role.MAINTAINER})


def override_role_of(environment: Environment, now: datetime) -> str:
    """Which role it takes to go ahead now: the strongest that a window which holds names, else that any window names,
    else maintainer."""
    windows = environment.freeze_windows
    holding = [held for window in windows if (held := window_at([window], now))]
    named = {held.override_role or "admin" for held in holding} or {one.get("override_role") for one in windows}
    # The weakest role that some window trusts is not meant for the others, nor for times without one.
    return next((role for role in STRONGEST_FIRST if role in named), "maintainer")


def require_emergency(by: User, target: Target, now: datetime) -> str:
    """Let pass who may go ahead without approvals and windows; answers the role by which. Raises NotPermitted."""
    return _require(
        by,
        target,
        now,
        _("An emergency in %(environment)s needs the role %(role)s in team %(team)s, or an admin."),
        _("Start it without emergency, or ask one of them to."),
    )


def require_override(by: User, target: Target, now: datetime) -> str:
    """Let pass who may lead a release through the windows that hold now; answers the role by which. Raises
    NotPermitted."""
    return _require(
        by,
        target,
        now,
        _("The freeze window of %(environment)s may be overridden by the role %(role)s in team %(team)s, or an admin."),
        _("Wait until it ends, or ask one of them to."),
    )


def _require(by: User, target: Target, now: datetime, detail: str, next_step: str) -> str:
    role = override_role_of(target.environment, now)
    if may_override(by, target, role):
        return role
    raise NotPermitted(
        detail % {"environment": target.environment.name, "role": role, "team": target.team.name},
        permission="release.override",
        granted_by=who_can_grant(by, target.team, target.environment.name),
        next=next_step,
        override_role=role,
    )
