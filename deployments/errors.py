"""What can be wrong with a wish about a release, each with a stable code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from web.errors import Conflict, Invalid


class ReleaseBlocked(Conflict):
    """Something stands in the way now; `blocked_by` lists it: `[{kind: "release", id, ...}]`."""

    code = "release_blocked"
    title = _("The release is blocked")


class WrongPhase(Conflict):
    """The release is not in a state for this; `allowed` names the verbs that it is in a state for."""

    code = "wrong_phase"
    title = _("The release is in no state for this")


class ApprovalStale(Conflict):
    """The release was edited after the approval was asked for, or the person looked at an older state of it."""

    code = "approval_stale"
    title = _("This is not what was looked at")


class ReleaseInvalid(Invalid):
    """Something asked for cannot be released: an image, a container, a strategy, a template the cluster refuses."""

    code = "release_invalid"
    title = _("This cannot be released")


class BuiltIn(Conflict):
    """An analysis template comes with Slipway and stays as it is."""

    code = "built_in"
    title = _("The template is built in")


class NothingToRollBackTo(Conflict):
    """There is no older Revision, or not the one that was asked for."""

    code = "no_such_revision"
    title = _("There is no such revision")
