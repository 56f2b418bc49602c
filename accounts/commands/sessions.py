"""Ending sessions: of oneself, or of anybody as an admin."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Session, User
from accounts.permissions import require, require_reach
from accounts.sessions import end, end_sessions
from audit.record import audit


def end_session(by: User, session: Session) -> None:
    """Sign one browser out, now. Idempotent. Raises NotPermitted."""
    _require(by, session.user)
    with transaction.atomic():
        if end(session):
            audit(
                by, "session.end", session.user, session=str(session.pk), device=session.device, address=session.address
            )


def end_other_sessions(by: User, user: User, *, but: Session | None = None) -> int:
    """Sign a person out everywhere, but for one session. Answers how many ended. Raises NotPermitted."""
    _require(by, user)
    with transaction.atomic():
        ended = end_sessions(user, but=but)
        if ended:
            audit(by, "session.end", user, ended=ended)
    return ended


def _require(by: User, user: User) -> None:
    if by.pk == user.pk:
        require_reach(by, "session.end")
    else:
        require(by, "session.end", None)
