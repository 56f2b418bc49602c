"""Making and revoking the tokens that machines show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Token, User
from accounts.permissions import SCOPES
from accounts.tokens import hashed, new_token
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid, NotPermitted

PREFIX_SHOWN = 9
LONGEST = timedelta(days=3650)


def create_token(
    by: User | None, user: User, name: str, *, scopes: Sequence[str] = (), lasts: timedelta | None = None
) -> tuple[Token, str]:
    """Make a token and answer it with its text, which is not stored and cannot be shown again.

    No scopes: as wide as its user, always. `by` None: Slipway itself, at the command line.
    Raises Invalid, and NotPermitted for another's account or through a token that is narrower than its user.
    """
    if by:
        _require_own(by, user)
    _check(name, scopes, lasts)
    raw = new_token()
    token = Token(
        user=user,
        name=name,
        prefix=raw[:PREFIX_SHOWN],
        hash=hashed(raw),
        scopes=[scope for scope in SCOPES if scope in scopes],
        expires_at=timezone.now() + lasts if lasts else None,
    )
    with transaction.atomic():
        token.save(force_insert=True)
        note_made(token.pk)
        audit(by, "token.create", token, after=_facts(token))
    return token, raw


def revoke_token(by: User, token: Token) -> Token:
    """End a token for good: one's own, or anybody's as an admin. Idempotent. Raises NotPermitted."""
    if by.pk != token.user_id and not by.is_admin:
        raise NotPermitted(_("Only its owner or an admin can revoke a token."), granted_by=_("an admin"))
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit(by, "token.revoke", token, before=_facts(token))
    token.refresh_from_db()
    return token


def _require_own(by: User, user: User) -> None:
    if by.pk != user.pk:
        raise NotPermitted(_("A token can only be made for oneself."), granted_by=user.username)
    if by.token and by.token.scopes and "admin" not in by.token.scopes:
        raise NotPermitted(
            _("The token “%(name)s” is limited by its scopes and cannot make other tokens.") % {"name": by.token.name},
            granted_by=by.username,
            next=_("Make the token on the page Settings, Tokens."),
        )


def _check(name: str, scopes: Sequence[str], lasts: timedelta | None) -> None:
    errors: list[dict[str, str]] = []
    if not name.strip() or len(name) > 100 or not name.isprintable():
        errors.append({"pointer": "/name", "code": "invalid", "detail": _("A token's name has 1 to 100 characters.")})
    for unknown in sorted(set(scopes) - set(SCOPES)):
        detail = _("There is no scope “%(scope)s”. These are there: %(all)s.")
        errors.append(
            {
                "pointer": "/scopes",
                "code": "invalid_choice",
                "detail": detail % {"scope": unknown[:100], "all": ", ".join(SCOPES)},
            }
        )
    if lasts is not None and not timedelta(0) < lasts <= LONGEST:
        detail = _("A token lasts at least a moment and at most ten years.")
        errors.append({"pointer": "/expires", "code": "invalid", "detail": detail})
    if errors:
        raise Invalid(_("This token cannot be made."), errors=errors)


def _facts(token: Token) -> dict[str, object]:
    return {
        "user": token.user.username,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
    }
