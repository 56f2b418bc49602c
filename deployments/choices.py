"""The buttons of a release one by one: what each is called, what it will do, and why this person may not press it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.permissions import why_not
from deployments.freeze import may_override, override_role_of
from deployments.models import Release, Revision
from deployments.shares import is_before_the_first_pod, is_routed, kind_of
from deployments.verbs import is_held_by_window
from deployments.way_on import promotes_to, resumes_with
from web.nav import url_or_none

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Choice:
    """One button. It posts to `action`, with `full` where the verb takes it; with `url` it only leads there.

    `what` says what will happen, `why_not` why this person may not press it ("" when they may).
    """

    verb: str
    label: str
    what: str
    why_not: str = ""
    kind: str = ""
    icon: str = ""
    url: str = ""
    action: str = ""
    takes_reason: bool = False
    full: bool = False


def promote(release: Release, user: User, kind: str = "primary") -> Choice:
    """Leave the pause that the release is in."""
    label, what = promotes_to(release)
    return _posted(release, user, "promote", label, what, kind=kind, icon="skip-forward")


def promote_full(release: Release, user: User) -> Choice:
    """Skip what is left."""
    what = _("Skips the pauses and analyses that are left. Approvals, freeze windows and readiness still count.")
    return _posted(release, user, "promote", _("Promote to 100 %"), what, icon="zap", full=True)


def pause(release: Release, user: User) -> Choice:
    """Hold a release where it is."""
    what = _("Nothing moves until someone resumes it. Background analysis goes on, and can still abort.")
    if kind_of(release) == "rolling":
        what = _("No further pod is replaced until someone resumes it; old and new pods serve side by side.")
    return _posted(release, user, "pause", _("Pause"), what, kind="quiet", icon="pause")


def resume(release: Release, user: User) -> Choice:
    """Take a person's pause away."""
    what = resumes_with(release)
    return _posted(release, user, "resume", _("Resume"), what, kind="primary", icon="play")


def abort(release: Release, user: User) -> Choice:
    """Stop, and give all back to the old version."""
    label, what = _abort_words(release)
    return _posted(release, user, "abort", label, what, kind="danger", icon="undo-2", takes_reason=True)


def retry(release: Release, user: User, kind: str = "") -> Choice:
    """Go on after trouble, or start the same again."""
    label = _("Retry %(version)s") % {"version": release.label}
    if release.ended:
        what = _("A new release of %(version)s begins, with a new plan and new checks.") % {"version": release.label}
    elif release.reason == "AnalysisInconclusive":
        label, what = _("Measure again"), _("The analysis begins anew; traffic stays as it is.")
    else:
        what = _("The same release goes on from here, with fresh deadlines.")
    return _posted(release, user, "retry", label, what, kind=kind, icon="rotate-ccw")


def override(release: Release, user: User) -> Choice:
    """Let it pass the freeze window that holds it, else the promotion gate."""
    label, what = _("Override the freeze window"), _("It goes on now, inside “%(held)s”.")
    held = ((release.state.get("gates") or {}).get("window") or {}).get("name", "")
    if not is_held_by_window(release):
        label, what = _("Override the promotion gate"), _("It begins now, without the proof in %(held)s.")
        held = ((release.state.get("gates") or {}).get("promotion") or {}).get("from", "")
    what = what % {"held": held} + " " + _("Your name and reason stand in the timeline and in the audit log.")
    passing = _posted(release, user, "override", label, what, icon="skip-forward", takes_reason=True)
    role = override_role_of(release.target.environment, timezone.now())
    if passing.why_not or may_override(user, release.target, role):
        return passing
    refused = _("It takes the role %(role)s in team %(team)s, or an admin.") % {"role": role, "team": release.team.name}
    return replace(passing, why_not=refused)


def edit(release: Release, user: User) -> Choice:
    """Change what was asked for, while nothing has been written."""
    return Choice(
        "edit",
        _("Change it"),
        _("Another image or strategy, while nothing is written. Voices that were given are void then."),
        _forbidden(release, user, "release.edit"),
        kind="quiet",
        icon="pencil",
        url=url_or_none("deployments:edit", release.pk),
    )


def deploy(release: Release, user: User) -> Choice:
    """Lead to the form of a new release."""
    target = release.target
    query = urlencode({"environment": target.environment.name})
    return Choice(
        "start",
        _("Deploy another version"),
        _("Choose an image and see what changes before anything happens."),
        _forbidden(release, user, "release.start"),
        icon="rocket",
        url=f"{reverse('deployments:deploy', args=[target.service.name])}?{query}",
    )


def rollback(release: Release, revision: Revision, user: User) -> Choice:
    """Lead to the comparison with the revision of before."""
    query = {"environment": release.target.environment.name, "to": str(revision.number)}
    label = _("Roll back to revision %(number)d (%(version)s)") % {
        "number": revision.number,
        "version": revision.label,
    }
    what = _("See the difference first; then the exact template of that revision is rolled out again.")
    return _to_rollback(release, user, label, what, query)


def older(release: Release, user: User) -> Choice:
    """Lead to the list of revisions."""
    what = _("Choose an older revision than the one that runs again now.")
    return _to_rollback(release, user, _("Roll back further"), what, {"environment": release.target.environment.name})


def _to_rollback(release: Release, user: User, label: str, what: str, query: dict[str, str]) -> Choice:
    address = reverse("deployments:rollback", args=[release.target.service.name])
    forbidden = _forbidden(release, user, "release.rollback")
    return Choice("rollback", label, what, forbidden, icon="history", url=f"{address}?{urlencode(query)}")


def _forbidden(release: Release, user: User, permission: str) -> str:
    return why_not(user, permission, release.team, release.target.environment.name)


def _posted(
    release: Release,
    user: User,
    verb: str,
    label: str,
    what: str,
    *,
    kind: str = "",
    icon: str = "",
    takes_reason: bool = False,
    full: bool = False,
) -> Choice:
    return Choice(
        verb,
        label,
        what,
        _forbidden(release, user, f"release.{verb}"),
        kind=kind,
        icon=icon,
        action=url_or_none(f"deployments:{verb}", release.pk),
        takes_reason=takes_reason,
        full=full,
    )


def _abort_words(release: Release) -> tuple[str, str]:
    if is_before_the_first_pod(release):
        return _("Abort before it starts"), _("Nothing was changed on the cluster, and nothing will be.")
    old = release.from_revision.label if release.from_revision else _("the old version")
    if kind_of(release) == "rolling":
        what = _("The old pod template is written back; Kubernetes brings the old pods back and removes the new ones.")
        return _("Abort and go back to %(version)s") % {"version": old}, what
    label = _("Abort and return all traffic to %(version)s") % {"version": old}
    if kind_of(release) == "blue_green":
        return label, _("One write leads the Service back to the old pods, which are still there.")
    if is_routed(release):
        return label, _("The weight goes to 0 first; once that has settled, the new pods are removed.")
    return label, _("The Deployment goes back to its old template; the old pods come back before the new ones go.")
