"""What can be told: the kinds of events that a channel chooses from."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = {
    "approval.ask": _("a release waits for approval"),
    "approval.approve": _("an approval was given"),
    "approval.reject": _("a release was rejected"),
    "approval.expire": _("an approval was not given in time"),
    "release.succeed": _("a release succeeded"),
    "release.fail": _("a release failed"),
    "release.abort": _("a release was aborted"),
    "sign_in.break_glass": _("somebody signs in by break glass"),
    "release.pause": _("a release stopped and waits for a person"),
    "token.expire": _("a token of a robot ends within a week"),
}
