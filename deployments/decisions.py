"""What a person may decide about a release now. Pages draw buttons from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from deployments import choices
from deployments.choices import Choice
from deployments.models import Phase, Release, Status
from deployments.shares import is_before_the_first_pod, kind_of
from deployments.step_facts import step_facts, step_index
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
    if release.phase in (Phase.ABORTING, Phase.FINISHING) or "abort" in release.asks or "supersede" in release.asks:
        return None
    if release.phase == Phase.PAUSED:
        return _paused(release, user)
    if is_before_the_first_pod(release):
        wanted = [choices.edit(release, user), choices.abort(release, user)]
        return _of(_("Not what you want?"), "unknown", wanted)
    return _of(_("Not going as it should?"), "unknown", _while_moving(release, user))


def _paused(release: Release, user: User) -> Decisions:
    abort = choices.abort(release, user)
    if release.reason in MAY_BE_ACCEPTED:
        accept, again = choices.promote(release, user, kind=""), choices.retry(release, user, kind="primary")
        return _of(_("Measure again, accept, or go back?"), "hold", [again, accept, abort])
    if release.reason or kind_of(release) == "rolling":
        return _of(_("Try again, or go back?"), "hold", [choices.retry(release, user, kind="primary"), abort])
    full = choices.promote_full(release, user)
    if release.state.get("held"):
        return _of(_("Held by a person. Go on?"), "hold", [choices.resume(release, user), full, abort])
    here = [choices.promote(release, user)]
    steps = step_facts(release)
    if steps[step_index(steps)].ends_at:
        here.append(choices.pause(release, user))
    return _of(question_of(release), "hold", [*here, *_unless_same(full, here), abort])


def _while_moving(release: Release, user: User) -> list[Choice]:
    abort = choices.abort(release, user)
    if kind_of(release) == "rolling" or release.phase == Phase.TAKING_OVER:
        return [abort]
    if kind_of(release) == "blue_green":
        return [choices.pause(release, user), abort]
    full = [choices.promote_full(release, user)] if release.phase in MOVING else []
    return [choices.pause(release, user), *full, abort]


def _unless_same(full: Choice, others: list[Choice]) -> list[Choice]:
    """At the last pause promote is promote full."""
    return [] if any(one.label == full.label for one in others) else [full]


def _after_the_end(release: Release, user: User) -> Decisions:
    deploy = choices.deploy(release, user)
    if release.status == Status.SUCCEEDED:
        back = release.from_revision
        wanted = [deploy, choices.rollback(release, back, user)] if back else [deploy]
        return _of(_("What next?"), "unknown", wanted)
    is_older = release.from_revision is not None and release.from_revision.number > 1
    further = [choices.older(release, user)] if is_older else []
    return _of(_("What next?"), "unknown", [choices.retry(release, user), deploy, *further])


def _of(question: str, tone: str, wanted: list[Choice]) -> Decisions:
    """Without the verbs that this installation has no address for."""
    return Decisions(question, tone, [one for one in wanted if one.url or one.action])
