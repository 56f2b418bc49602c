"""What of a release's life is told outside the portal, through the outbox, in the transaction that makes it so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from deployments.engine.decision import State
from deployments.models import Approval, Release
from deployments.sentences import english
from notifications.tell import tell

ENDED = {"Succeeded": "release.succeed", "Failed": "release.fail", "Aborted": "release.abort"}
ADVICE = {"approve": "approval.approve", "reject": "approval.reject"}


def tell_asked(approval: Approval) -> None:
    """Voices are asked for: the teams of the rules and the owner hear of it."""
    rules = ", ".join(f"{rule['count']} × {rule['team']}" for rule in approval.rules)
    with translation.override("en"):
        title = _("Approve %(what)s?") % {"what": _what(approval.release)}
        text = _("%(by)s asks for approval: %(rules)s.") % {"by": _by(approval.release), "rules": rules}
        if approval.expires_at:
            text += " " + _("It expires at %(at)s.") % {"at": _time(approval.expires_at)}
    _tell("approval.ask", approval.release, f"approval:{approval.pk}:ask", title, text, approval=approval)


def tell_decided(approval: Approval, by: User, comment: str) -> None:
    """Somebody's voice has decided."""
    verb = "approve" if approval.state == Approval.State.APPROVED else "reject"
    with translation.override("en"):
        words = _("%(by)s approved %(what)s") if verb == "approve" else _("%(by)s rejected %(what)s")
        title = words % {"by": by.username, "what": _what(approval.release)}
    _tell(ADVICE[verb], approval.release, f"approval:{approval.pk}:{verb}", title, comment, approval=approval)


def tell_expired(approvals: Iterable[Approval]) -> None:
    """Nobody decided in time."""
    for approval in approvals:
        with translation.override("en"):
            title = _("Nobody decided in time about %(what)s") % {"what": _what(approval.release)}
            text = _("Retry the release: it asks for approval anew.")
        _tell("approval.expire", approval.release, f"approval:{approval.pk}:expire", title, text, approval=approval)


def tell_state(release: Release, before: str, state: State) -> None:
    """The release has ended, or has stopped where a person has to decide. `before` is the phase it comes from.

    A pause that the strategy asks for is told as well: somebody has to promote.
    """
    if state.phase in ENDED:
        with translation.override("en"):
            outcome = {
                "Succeeded": _("%(what)s succeeded"),
                "Failed": _("%(what)s failed"),
                "Aborted": _("%(what)s was aborted"),
            }[state.phase]
            title = outcome % {"what": _what(release)}
        key = f"release:{release.pk}:end"
        _tell(ENDED[state.phase], release, key, title, _message(state), reason=state.reason)
    elif state.phase == "Paused" and before != "Paused" and state.reason:
        with translation.override("en"):
            title = _("%(what)s stopped and waits for a person") % {"what": _what(release)}
        # The next line of the timeline numbers the pause: a release may stop more than once.
        key = f"release:{release.pk}:pause:{release.event_seq}"
        _tell("release.pause", release, key, title, _message(state), reason=state.reason)


def _message(state: State) -> str:
    return english(state.message.code, state.message.params) if state.message else ""


def _tell(
    event: str, release: Release, key: str, title: str, text: str, *, approval: Approval | None = None, reason: str = ""
) -> None:
    teams = {release.team.name, *(rule["team"] for rule in (approval.rules if approval else ()))}
    target = release.target
    tell(
        event,
        key=key,
        teams=teams,
        title=title,
        text=text,
        path=approval.get_absolute_url() if approval else release.get_absolute_url(),
        release=str(release.pk),
        service=target.service.name,
        environment=target.environment.name,
        cluster=target.cluster.name,
        namespace=target.namespace,
        version=release.label,
        requested_by=_by(release),
        reason=reason,
    )


def _what(release: Release) -> str:
    target = release.target
    return f"{target.service.name} {release.label} → {target.environment.name}"


def _by(release: Release) -> str:
    return release.created_by.username if release.created_by else "slipway"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
