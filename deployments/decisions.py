"""What a person may decide about a release now. Pages draw buttons from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from deployments import choices
from deployments.choices import Choice
from deployments.models import Phase, Release, Status
from deployments.shares import is_before_the_first_pod, kind_of
from deployments.step_facts import step_facts, step_index
from deployments.verbs import allowed_verbs, is_held_by_promotion, is_held_by_window
from deployments.way_on import question_of

if TYPE_CHECKING:
    from accounts.models import User

# Measured and not told well from bad: a person may take it as passed.
MAY_BE_ACCEPTED = ("AnalysisInconclusive",)
MOVING = (Phase.PREPARING, Phase.PROGRESSING, Phase.ANALYSING)


@dataclass(frozen=True)
class Decisions:
    """A question for a person, with the choices they have; `tone` as in web.states."""

    question: str
    tone: str
    choices: list[Choice]


def decisions_of(release: Release, user: User, *, is_newest: bool) -> Decisions | None:
    """What there is to decide, None when there is nothing. `is_newest`: no later release of the target exists."""
    if release.ended:
        return _after_the_end(release, user) if is_newest else None
    if "abort" in release.asks or "supersede" in release.asks:
        return None
    found = _while_it_runs(release, user)
    # Without the verbs that would be refused now, or have no address in this installation.
    verbs = allowed_verbs(release)
    possible = [one for one in found.choices if one.verb in verbs and (one.url or one.action)]
    return replace(found, choices=possible) if possible else None


def _while_it_runs(release: Release, user: User) -> Decisions:
    if is_held_by_window(release):
        wanted = [choices.override(release, user), choices.edit(release, user), choices.abort(release, user)]
        return Decisions(_("Wait for the end of the freeze window?"), "hold", wanted)
    if is_held_by_promotion(release):
        wanted = [choices.override(release, user), choices.edit(release, user), choices.abort(release, user)]
        return Decisions(_("Wait for the promotion gate?"), "hold", wanted)
    if release.phase == Phase.PAUSED:
        return _paused(release, user)
    if is_before_the_first_pod(release):
        wanted = [choices.edit(release, user), choices.abort(release, user)]
        return Decisions(_("Not what you want?"), "unknown", wanted)
    return Decisions(_("Not going as it should?"), "unknown", _while_moving(release, user))


def _paused(release: Release, user: User) -> Decisions:
    abort = choices.abort(release, user)
    if release.reason in MAY_BE_ACCEPTED:
        accept, again = choices.promote(release, user, kind=""), choices.retry(release, user, kind="primary")
        return Decisions(_("Measure again, accept, or go back?"), "hold", [again, accept, abort])
    is_held = bool(release.state.get("held"))
    if release.reason or (kind_of(release) == "rolling" and not is_held):
        return Decisions(_("Try again, or go back?"), "hold", [choices.retry(release, user, kind="primary"), abort])
    full = choices.promote_full(release, user)
    if is_held:
        return Decisions(_("Held by a person. Go on?"), "hold", [choices.resume(release, user), full, abort])
    here = [choices.promote(release, user)]
    steps = step_facts(release)
    if steps[step_index(steps)].ends_at:
        here.append(choices.pause(release, user))
    return Decisions(question_of(release), "hold", [*here, *_unless_same(full, here), abort])


def _while_moving(release: Release, user: User) -> list[Choice]:
    has_steps_left = kind_of(release) == "canary" and release.phase in MOVING
    full = [choices.promote_full(release, user)] if has_steps_left else []
    return [choices.pause(release, user), *full, choices.abort(release, user)]


def _unless_same(full: Choice, others: list[Choice]) -> list[Choice]:
    """At the last pause promote is promote full."""
    return [] if any(one.label == full.label for one in others) else [full]


def _after_the_end(release: Release, user: User) -> Decisions:
    deploy = choices.deploy(release, user)
    if release.status == Status.SUCCEEDED:
        back = release.from_revision
        wanted = [deploy, choices.rollback(release, back, user)] if back else [deploy]
        return Decisions(_("What next?"), "unknown", wanted)
    is_older = release.from_revision is not None and release.from_revision.number > 1
    further = [choices.older(release, user)] if is_older else []
    return Decisions(_("What next?"), "unknown", [choices.retry(release, user), deploy, *further])
