"""What people ask of a release while it runs: noted in its row, answered by the next tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from deployments.engine.decision import Said, Sentence
from deployments.errors import WrongPhase
from deployments.models import Release
from deployments.start import add_ask
from deployments.verbs import allowed_verbs

Ask = dict[str, Any]


def ask_of(
    release: Release, verb: str, *, by: User, ask: Callable[[Release], Ask | None], kept_as: str = ""
) -> Release:
    """Ask a release to do something, in one transaction under its row's lock. `kept_as` where the ask is not named as
    the verb.

    `ask` looks at the locked row: what to note down, or None when it is so already or has been asked before. It raises
    WrongPhase where the release is in no state for it. Raises NotPermitted. Answers the release as it is now.
    """
    require(by, f"release.{verb}", release.team, release.target.environment.name, service=release.target.service.name)
    with transaction.atomic():
        current = Release.objects.with_names().select_for_update(of=("self",)).get(pk=release.pk)
        noted = ask(current)
        if noted is None:
            return current
        name = kept_as or verb
        said = Said(f"release.{verb}", Sentence(f"{name}_asked", {**noted, "by": by.username}), noted)
        add_ask(current, name, {"by": by.username, **noted}, said, by)
        audit(by, f"release.{verb}", current, before={"status": current.status}, team=current.team.name, **noted)
    return Release.objects.with_names().get(pk=release.pk)


def no_state_for(release: Release, verb: str, next_step: str = "") -> WrongPhase:
    """The refusal that names what can be done instead."""
    detail = _("Release #%(number)d is %(status)s (%(phase)s): it has nothing to %(verb)s.") % {
        "number": release.number,
        "status": release.get_status_display(),
        "phase": release.get_phase_display(),
        "verb": verb,
    }
    return WrongPhase(detail, allowed=[one for one in allowed_verbs(release) if one != verb], next=next_step)
