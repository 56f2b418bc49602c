"""One person's voice about one approval: what approve and reject share.

Everything is decided in one transaction under the release's lock: whether there still is something to decide, whether
it is still what the person looked at, who may speak with the roles of this moment, and whether that settles it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_reach
from audit.record import audit
from deployments.approvals import subject_of
from deployments.eligible import Voters, is_asked, standing_of, voters_of, who_can
from deployments.engine.decision import Said, Sentence
from deployments.errors import ApprovalStale, WrongPhase
from deployments.models import Approval, Release, Voice
from deployments.save import add_events
from deployments.told import tell_decided, tell_expired
from deployments.verbs import allowed_verbs
from deployments.wake import wake
from durable.clock import DbNow, database_time
from durable.commit import after_commit
from web.errors import NotPermitted
from web.live import publish

if TYPE_CHECKING:
    from uuid import UUID

LONGEST_COMMENT = 2000
PENDING = Approval.State.PENDING


def give_voice(
    release_id: UUID, verdict: str, *, by: User, step: int | None = None, comment: str = "", subject: str = ""
) -> None:
    """Give a voice to the approval that the release waits for. The same voice again changes nothing.

    `step` and `subject`, where given, have to be those of the approval: nobody decides about what they did not see.
    Raises NotPermitted, WrongPhase when there is nothing to decide, ApprovalStale when the release was edited.
    """
    late = stale = False
    with transaction.atomic():
        release = Release.objects.with_names().select_for_update(of=("self",)).get(pk=release_id)
        now = database_time()
        approval = _pending(release, step) or _repeated(release, step, by, verdict)
        # A voice that is there already is answered as it was, and one that cannot be given says why.
        if approval.state != PENDING:
            return
        voters = voters_of([approval])
        require_voice(by, verdict, approval, voters)
        late = approval.expires_at is not None and approval.expires_at <= now
        stale = approval.subject != subject_of(release) or bool(subject and subject != approval.subject)
        if not late and not stale:
            _note(approval, verdict, by, comment.strip()[:LONGEST_COMMENT], voters)
        elif late:
            _close(approval, Approval.State.EXPIRED, now)
            tell_expired([approval])
        elif approval.subject != subject_of(release):
            _close(approval, Approval.State.VOID, now)
        after_commit(wake, release.pk)
    if late:
        raise WrongPhase(
            _("The time to decide about release #%(number)d is over.") % {"number": release.number},
            allowed=allowed_verbs(release),
            next=_("Retry the release: it asks for approval anew."),
        )
    if stale:
        raise ApprovalStale(
            _("Release #%(number)d was edited after this was asked.") % {"number": release.number},
            next=_("Look at what it changes now, then decide."),
        )


def require_voice(by: User, verdict: str, approval: Approval, voters: Voters) -> None:
    """Raises NotPermitted unless the person's voice counts."""
    permission = f"release.{verdict}"
    target = approval.release.target
    require_reach(by, permission, target.team, target.environment.name, service=target.service.name)
    if is_asked(by, approval, voters):
        return
    why = (
        _("You asked for this release or edited it, so your voice does not count.")
        if voters.is_barred(by, approval)
        else _("You may not approve in %(environment)s for a team that is asked.")
        % {"environment": approval.release.target.environment.name}
    )
    people = who_can(approval, voters)
    next_step = _("Ask one of them: %(people)s.") % {"people": people}
    raise NotPermitted(why, permission=permission, granted_by=people, next=next_step)


def why_no_voice(user: User, verdict: str, approval: Approval, voters: Voters) -> str:
    """Why this person may not decide, with whom to ask, for a disabled button; "" when they may."""
    if approval.state != PENDING:
        return _("This is decided: %(state)s.") % {"state": approval.get_state_display()}
    try:
        require_voice(user, verdict, approval, voters)
    except NotPermitted as refusal:
        return f"{refusal.detail} {refusal.next}".strip()
    return ""


def _pending(release: Release, step: int | None) -> Approval | None:
    waiting = Approval.objects.select_for_update().filter(release_id=release.pk, state=PENDING)
    if step is not None:
        waiting = waiting.filter(gate=f"step-{step}")
    found = waiting.first()
    if found is not None:
        found.release = release
    return found


def _repeated(release: Release, step: int | None, by: User, verdict: str) -> Approval:
    """The decided approval to which this person has already said the same. Raises WrongPhase where there is none."""
    said = Approval.objects.filter(release_id=release.pk, voices__person=by, voices__verdict=verdict)
    said = said.filter(state__in=(Approval.State.APPROVED, Approval.State.REJECTED))
    if step is not None:
        said = said.filter(gate=f"step-{step}")
    newest = Approval.objects.filter(release_id=release.pk).order_by("-asked_at", "-id").first()
    found = said.order_by("-asked_at").first()
    if found is not None and found == newest:
        return found
    detail = _("Release #%(number)d waits for no approval: it is %(status)s.") % {
        "number": release.number,
        "status": release.get_status_display(),
    }
    if newest is not None and newest.state != PENDING:
        detail += " " + _("The last one is %(state)s.") % {"state": newest.get_state_display()}
    raise WrongPhase(detail, allowed=allowed_verbs(release))


def _note(approval: Approval, verdict: str, by: User, comment: str, voters: Voters) -> None:
    release, now = approval.release, database_time()
    before = approval.voices.filter(person=by).first()
    if before is not None and before.verdict == verdict:
        return
    # A second thought is heard: who approved may still reject while others are waited for.
    Voice.objects.update_or_create(
        approval=approval, person=by, defaults={"verdict": verdict, "comment": comment, "at": now}
    )
    if verdict == Voice.Verdict.REJECT:
        _close(approval, Approval.State.REJECTED, now)
    elif not any(standing.missing for standing in standing_of(approval, voters)):
        _close(approval, Approval.State.APPROVED, now)
    _say(release, verdict, by, comment, approval)
    audit(
        by,
        f"release.{verdict}",
        release,
        before={"approval": PENDING.value},
        after={"approval": str(approval.state), "gate": approval.gate, "subject": approval.subject},
        team=release.team.name,
        comment=comment,
    )
    if approval.state != PENDING:
        tell_decided(approval, by, comment)


def _close(approval: Approval, state: Approval.State, now: datetime) -> None:
    approval.state, approval.decided_at = state, now
    approval.save(update_fields=["state", "decided_at"])
    publish("approvals")


def _say(release: Release, verdict: str, by: User, comment: str, approval: Approval) -> None:
    """A line of the timeline; the version is raised so that a tick that had read the row before decides anew."""
    done = {"approve": "approved", "reject": "rejected"}[verdict]
    code = f"{done}_because" if comment else done
    said = Said(
        f"release.{verdict}",
        Sentence(code, {"by": by.username, "why": comment}),
        {"gate": approval.gate, "approval": str(approval.pk), "state": str(approval.state)},
    )
    Release.objects.filter(pk=release.pk).update(
        version=F("version") + 1, event_seq=F("event_seq") + 1, wake_seq=F("wake_seq") + 1, wake_at=DbNow()
    )
    add_events(release.pk, release.event_seq, (said,), actor=by.username)
    publish(f"release:{release.pk}", "approvals", "home")
