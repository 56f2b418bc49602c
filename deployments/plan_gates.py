"""Which gates a release will meet, asked before it is made: approvals and freeze windows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from deployments.eligible import too_few
from deployments.engine.json import Json
from deployments.engine.strategies import Approve, BlueGreen, Canary, Strategy
from deployments.engine.windows import name_of, next_window, warnings_at, window_at
from deployments.warnings import Note
from services.models import Target

if TYPE_CHECKING:
    from accounts.models import User

SOON = timedelta(hours=24)


def plan_gates(
    target: Target,
    strategy: Strategy,
    by: User,
    now: datetime,
    *,
    is_rollback: bool = False,
    emergency: bool = False,
) -> tuple[list[Json], list[Note], list[Note]]:
    """The gates, what refuses the release now (409), and what the person should know.

    A needed approval never refuses, unless nobody can give it. `emergency` passes approvals and windows (see
    `freeze.require_emergency`), a rollback passes windows.
    """
    environment = target.environment
    gates: list[Json] = []
    refusals: list[Note] = []
    warnings: list[Note] = []
    asked = [] if emergency else _approvals(target, strategy)
    for gate, rules in asked:
        gates.append({"kind": "approval", "gate": gate, "rules": rules})
        refusals += _nobody_can(target, rules, by)
    if is_rollback or emergency:
        return gates, refusals, warnings
    windows = environment.freeze_windows
    if held := window_at(windows, now):
        facts = {
            "name": held.name,
            "environment": environment.name,
            "until": held.until.isoformat(),
            "override_role": held.override_role or "admin",
        }
        gates.append({"kind": "freeze_window", **facts})
        words = _("The freeze window “%(name)s” of %(environment)s holds until %(until)s; %(role)s may override it.")
        detail = words % {
            "name": held.name,
            "environment": environment.name,
            "until": _time(held.until),
            "role": facts["override_role"],
        }
        refusals.append(Note("freeze_window", detail, blocks=True, facts=facts))
    elif coming := next_window(windows, now, SOON):
        words = _(
            "The freeze window “%(name)s” begins at %(starts)s: a release that is under way then holds before its next "
            "step."
        )
        detail = words % {"name": name_of(coming.window), "starts": _time(coming.starts)}
        warnings.append(Note("freeze_window_soon", detail))
    for warning in warnings_at(windows, now):
        detail = _("The window “%(name)s” of %(environment)s advises against releases until %(until)s.") % {
            "name": warning.name,
            "environment": environment.name,
            "until": _time(warning.until),
        }
        warnings.append(Note("freeze_window", detail))
    return gates, refusals, warnings


def mutable_images(images: Mapping[str, str]) -> list[str]:
    """The images that are not named by digest: what is pulled may be another one than was looked at."""
    return sorted({image for image in images.values() if "@sha256:" not in image})


def _approvals(target: Target, strategy: Strategy) -> list[tuple[str, list[Json]]]:
    """Each gate that asks for voices, with its rules."""
    found: list[tuple[str, list[Json]]] = []
    if target.environment.approvals:
        found.append(("start", [dict(rule) for rule in target.environment.approvals]))
    owner = target.team.name
    if isinstance(strategy, Canary):
        steps = [(f"step-{number}", one) for number, one in enumerate(strategy.steps) if isinstance(one, Approve)]
        found += [(gate, [{"team": one.team or owner, "count": one.required}]) for gate, one in steps]
    if isinstance(strategy, BlueGreen) and strategy.approval:
        found.append(("switch", [{"team": strategy.approval.team or owner, "count": strategy.approval.required}]))
    return found


def _nobody_can(target: Target, rules: list[Json], by: User) -> list[Note]:
    notes = []
    sees = {target.team.name, *(rule["team"] for rule in target.environment.approvals)}
    for rule in too_few(rules, {by.username.casefold()}, target.environment.name):
        words = _("%(count)d approving voices of team %(team)s are needed, and nobody can give them: %(why)s")
        why = _("there is no such team.") if not rule["exists"] else _people(rule, by)
        facts = {"team": rule["team"], "count": rule["count"], "eligible": rule["eligible"]}
        detail = words % {"count": rule["count"], "team": rule["team"], "why": why}
        notes.append(Note("approval", detail, blocks=True, facts=facts))
    for rule in rules:
        if rule["team"] not in sees:
            detail = _(
                "Team %(team)s is asked to approve, and may not see %(service)s. An admin has to name it in the "
                "approvals of %(environment)s."
            ) % {"team": rule["team"], "service": target.service.name, "environment": target.environment.name}
            notes.append(Note("approval", detail, blocks=True, facts={"team": rule["team"], "count": rule["count"]}))
    return notes


def _people(rule: Json, by: User) -> str:
    able = ", ".join(rule["eligible"]) or _("nobody")
    return _(
        "beside %(by)s, who asks, %(able)s can approve there. Ask a maintainer of that team, or an admin, to name "
        "approvers."
    ) % {"by": by.username, "able": able}


def _time(moment: datetime) -> str:
    """With its date and zone, in UTC: the plan is read by machines and in other places as well."""
    return f"{date_format(moment.astimezone(timezone.get_default_timezone()), 'Y-m-d H:i')} UTC"
