"""What a person may decide about a release now, and what each decision will do. Pages draw buttons from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.permissions import why_not
from deployments.models import Phase, Release, Revision, Status

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Choice:
    """One button. `verb` is posted to its own address (abort, retry); with `url` the button only leads there.

    `what` says what will happen, `why_not` why this person may not press it ("" when they may).
    """

    verb: str
    label: str
    what: str
    why_not: str = ""
    kind: str = ""
    icon: str = ""
    url: str = ""
    takes_reason: bool = False


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
    if release.phase == Phase.ABORTING or "abort" in release.asks or "supersede" in release.asks:
        return None
    if release.phase == Phase.PAUSED:
        return Decisions(
            _("Try again, or go back?"), "hold", [_retry(release, user, kind="primary"), _abort(release, user)]
        )
    if release.phase == Phase.FINISHING:
        return None
    return Decisions(_("Not going as it should?"), "unknown", [_abort(release, user)])


def _after_the_end(release: Release, user: User) -> Decisions:
    deploy = _deploy(release, user)
    if release.status == Status.SUCCEEDED:
        choices = [deploy, _rollback(release, release.from_revision, user)] if release.from_revision else [deploy]
        return Decisions(_("What next?"), "unknown", choices)
    older = [_older(release, user)] if release.from_revision and release.from_revision.number > 1 else []
    return Decisions(_("What next?"), "unknown", [_retry(release, user), deploy, *older])


def _abort(release: Release, user: User) -> Choice:
    old = release.from_revision.label if release.from_revision else ""
    if release.phase in (Phase.QUEUED, Phase.GATED):
        label, what = _("Abort before it starts"), _("Nothing was changed on the cluster, and nothing will be.")
    else:
        label = _("Abort and go back to %(version)s") % {"version": old} if old else _("Abort and go back")
        what = _("The old pod template is written back; Kubernetes brings the old pods back and removes the new ones.")
    return Choice(
        "abort",
        label,
        what,
        why_not(user, "release.abort", release.team),
        kind="danger",
        icon="undo-2",
        takes_reason=True,
    )


def _retry(release: Release, user: User, kind: str = "") -> Choice:
    if release.ended:
        what = _("A new release of %(version)s begins, with a new plan and new checks.") % {"version": release.label}
    else:
        what = _("The same release goes on from here, with fresh deadlines.")
    return Choice(
        "retry",
        _("Retry %(version)s") % {"version": release.label},
        what,
        why_not(user, "release.retry", release.team),
        kind=kind,
        icon="rotate-ccw",
    )


def _deploy(release: Release, user: User) -> Choice:
    target = release.target
    query = urlencode({"environment": target.environment.name})
    return Choice(
        "start",
        _("Deploy another version"),
        _("Choose an image and see what changes before anything happens."),
        why_not(user, "release.start", release.team),
        icon="rocket",
        url=f"{reverse('deployments:deploy', args=[target.service.name])}?{query}",
    )


def _rollback(release: Release, revision: Revision, user: User) -> Choice:
    target = release.target
    query = urlencode({"environment": target.environment.name, "to": str(revision.number)})
    return Choice(
        "rollback",
        _("Roll back to revision %(number)d (%(version)s)") % {"number": revision.number, "version": revision.label},
        _("See the difference first; then the exact template of that revision is rolled out again."),
        why_not(user, "release.rollback", release.team),
        icon="history",
        url=f"{reverse('deployments:rollback', args=[target.service.name])}?{query}",
    )


def _older(release: Release, user: User) -> Choice:
    target = release.target
    query = urlencode({"environment": target.environment.name})
    return Choice(
        "rollback",
        _("Roll back further"),
        _("Choose an older revision than the one that runs again now."),
        why_not(user, "release.rollback", release.team),
        icon="history",
        url=f"{reverse('deployments:rollback', args=[target.service.name])}?{query}",
    )
