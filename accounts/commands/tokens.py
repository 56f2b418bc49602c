"""Making, rotating, narrowing and revoking the tokens that machines show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.commands.robots import require_keeper
from accounts.models import Token, User
from accounts.permissions import SCOPES
from accounts.token_rules import (
    LONGEST_OVERLAP,
    Reach,
    name_findings,
    raise_findings,
    reach_findings,
    span_findings,
)
from accounts.tokens import hashed, new_token
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Conflict, NotPermitted
from web.etag import claim_version

PREFIX_SHOWN = 9


def create_token(
    by: User | None,
    user: User,
    name: str,
    *,
    scopes: Sequence[str] = (),
    teams: Sequence[str] = (),
    services: Sequence[str] = (),
    environments: Sequence[str] = (),
    lasts: timedelta | None = None,
    way: Token.Way = Token.Way.MADE,
) -> tuple[Token, str]:
    """Make a token and answer it with its text, which is not stored and cannot be shown again.

    No scopes: as wide as its user, always. `by` None: Slipway itself, at the command line or for a CI job.
    Raises Invalid, and NotPermitted for another's account or through a token that is narrower than its user.
    """
    if by:
        _require_own(by, user)
    with transaction.atomic():
        token, raw = mint(user, name, Reach(scopes, teams, services, environments), lasts, way)
        note_made(token.pk)
        audit(by, "token.create", token, after=facts(token), team=_team_of(token))
    return token, raw


def mint(user: User, name: str, reach: Reach, lasts: timedelta | None, way: Token.Way) -> tuple[Token, str]:
    """A token's row and text, in the caller's transaction, who has asked for the right and writes it into the log.

    Raises Invalid.
    """
    findings = [*name_findings(name), *reach_findings(user, reach), *span_findings(lasts)]
    raise_findings(_("This token cannot be made."), findings)
    raw = new_token()
    token = Token(
        user=user,
        name=name,
        prefix=raw[:PREFIX_SHOWN],
        hash=hashed(raw),
        scopes=[scope for scope in SCOPES if scope in reach.scopes],
        teams=sorted(set(reach.teams)),
        services=sorted(set(reach.services)),
        environments=sorted(set(reach.environments)),
        way=way,
        expires_at=timezone.now() + lasts if lasts else None,
    )
    token.save(force_insert=True)
    return token, raw


def edit_token(by: User, token: Token, *, name: str | None = None, lasts: timedelta | None = None) -> Token:
    """Give a token another name, or let it end earlier: so long from now. It is never prolonged.

    Raises NotPermitted, Invalid, Conflict for one that has ended, PreconditionFailed.
    """
    _require_own(by, token.user)
    _require_usable(token)
    before = facts(token)
    findings = name_findings(name) if name is not None else []
    if lasts is not None:
        findings += span_findings(lasts) or _later_findings(token, lasts)
    raise_findings(_("This token cannot be changed so."), findings)
    token.name = token.name if name is None else name
    token.expires_at = timezone.now() + lasts if lasts is not None else token.expires_at
    with transaction.atomic():
        claim_version(token)
        token.save(update_fields=["name", "expires_at"])
        audit(by, "token.edit", token, before=before, after=facts(token), team=_team_of(token))
    return token


def rotate_token(
    by: User, token: Token, *, overlap: timedelta = timedelta(0), lasts: timedelta | None = None
) -> tuple[Token, str]:
    """Give a token a new secret and answer it; the old one works on for `overlap`. `lasts`: a new end, from now.

    Without `lasts` the end stays as it is, and a token may then rotate itself. Raises NotPermitted, Invalid, Conflict
    for one that has ended or was not made by hand, PreconditionFailed.
    """
    rotates_itself = by.token is not None and by.token.pk == token.pk
    if lasts is not None or not rotates_itself:
        _require_own(by, token.user)
    _require_usable(token)
    if token.way != Token.Way.MADE:
        raise Conflict(
            _("A token that was %(way)s is not rotated.") % {"way": token.get_way_display()},
            next=_("Let a new one be given out in the same way."),
        )
    findings = span_findings(lasts) if lasts is not None else []
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        detail = _("The old secret may live for 0 to %(most)d seconds.")
        said = detail % {"most": int(LONGEST_OVERLAP.total_seconds())}
        findings.append({"pointer": "/overlap", "code": "invalid", "detail": said})
    raise_findings(_("This token cannot be rotated so."), findings)
    raw, before, now = new_token(), facts(token), timezone.now()
    with transaction.atomic():
        claim_version(token)
        token.old_hash, token.old_until = (token.hash, now + overlap) if overlap else ("", None)
        token.hash, token.prefix, token.rotated_at = hashed(raw), raw[:PREFIX_SHOWN], now
        token.expires_at = now + lasts if lasts is not None else token.expires_at
        token.save(update_fields=["hash", "prefix", "old_hash", "old_until", "rotated_at", "expires_at"])
        seconds = int(overlap.total_seconds())
        after = {**facts(token), "overlap_seconds": seconds}
        audit(by, "token.rotate", token, before=before, after=after, team=_team_of(token))
    return token, raw


def revoke_token(by: User, token: Token) -> Token:
    """End a token for good: one's own, that of a robot one looks after, or anybody's as an admin. Idempotent.

    A token that is limited ends itself and no other. Raises NotPermitted.
    """
    if by.token and by.token.pk != token.pk:
        _require_unlimited(by)
    if by.pk != token.user_id and not by.is_admin:
        if not token.user.is_robot:
            raise NotPermitted(_("Only its owner or an admin can revoke a token."), granted_by=_("an admin"))
        require_keeper(by, token.user)
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now(), old_until=None):
            audit(by, "token.revoke", token, before=facts(token), team=_team_of(token))
    token.refresh_from_db()
    return token


def forget_given_out() -> int:
    """Remove tokens that CI jobs were given, a day after their end: the log tells of them. Answers how many."""
    ended = timezone.now() - timedelta(days=1)
    return Token.objects.filter(way=Token.Way.EXCHANGE, expires_at__lt=ended).delete()[0]


def facts(token: Token) -> dict[str, object]:
    """What may be told of a token: nothing that would help to guess it."""
    return {
        "user": token.user.username,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "teams": token.teams,
        "services": token.services,
        "environments": token.environments,
        "expires_at": token.expires_at,
    }


def _require_own(by: User, user: User) -> None:
    if user.is_robot and by.pk != user.pk:
        require_keeper(by, user)
    elif by.pk != user.pk:
        raise NotPermitted(_("A token can only be made for oneself."), granted_by=user.username)
    _require_unlimited(by)


def _require_unlimited(by: User) -> None:
    """Raises NotPermitted through a token that is narrower than its user, or that a CI job has for minutes alone."""
    token = by.token
    if token and (
        token.is_narrowed or token.way == Token.Way.EXCHANGE or (token.scopes and "admin" not in token.scopes)
    ):
        raise NotPermitted(
            _("The token “%(name)s” is limited and cannot make or end other tokens.") % {"name": token.name},
            granted_by=by.username,
            next=_("Do it on the page Settings, Tokens."),
        )


def _require_usable(token: Token) -> None:
    if token.state != "usable":
        raise Conflict(
            _("The token “%(name)s” is %(state)s.") % {"name": token.name, "state": token.state},
            next=_("Make a new one."),
        )


def _later_findings(token: Token, lasts: timedelta) -> list[dict[str, str]]:
    if token.expires_at is None or timezone.now() + lasts <= token.expires_at:
        return []
    detail = _("A token can only be made to end earlier. Rotate it to let it last longer.")
    return [{"pointer": "/expires", "code": "later", "detail": detail}]


def _team_of(token: Token) -> str:
    return token.user.robot_of.name if token.user.robot_of else ""
