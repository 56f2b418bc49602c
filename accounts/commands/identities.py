"""Linking people to what a provider knows them as, and undoing it."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import AlreadyLinked
from accounts.models import Identity, IdentityProvider, User
from accounts.oidc.rules import take_all
from accounts.permissions import require, require_reach
from accounts.sessions import end_sessions
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid


def link_identity(
    by: User, user: User, provider: IdentityProvider, subject: str, *, called: str = "", proven: bool = False
) -> Identity:
    """Let who has this subject at the provider sign in as `user`: for oneself, when the provider has `proven` it, or
    for anybody by an admin who knows the subject.

    Raises NotPermitted, Invalid and AlreadyLinked.
    """
    if proven and by.pk == user.pk:
        require_reach(by, "identity.link")
    else:
        require(by, "identity.link", None)
    if not subject or len(subject) > 255 or not subject.isprintable() or subject != subject.strip():
        raise Invalid.at(
            "/subject", "invalid", _("A subject has 1 to 255 characters, none of them a space at its ends.")
        )
    if user.is_robot:
        raise Invalid.at("/user", "robot", _("A robot does not sign in: it acts by its tokens."))
    identity = Identity(provider=provider, subject=subject, user=user, called=called[:255])
    try:
        with transaction.atomic():
            identity.save(force_insert=True)
            note_made(identity.pk)
            audit(by, "identity.link", identity, after=facts(identity), how="own" if proven else "admin")
    except IntegrityError:
        raise AlreadyLinked(
            _("Somebody is linked to this account at %(name)s already.") % {"name": provider.title},
            next=_("Unlink it there first."),
        ) from None
    return identity


def unlink_identity(by: User, identity: Identity) -> None:
    """Let nobody sign in by it any more: one's own, or anybody's as an admin. Its sessions end, its groups' gifts go.

    Raises NotPermitted, and Invalid where it is one's only way in.
    """
    user = identity.user
    if by.pk != user.pk:
        require(by, "identity.unlink", None)
    else:
        require_reach(by, "identity.unlink")
        if not user.has_usable_password() and user.identities.count() == 1:
            raise Invalid(
                _("This is your only way to sign in."),
                next=_("Link another one first, or ask an admin for a password."),
            )
    with transaction.atomic():
        end_sessions(user, provider=identity.provider.name)
        take_all(Identity.objects.filter(pk=identity.pk))
        audit(by, "identity.unlink", identity, before=facts(identity))
        identity.delete()


def facts(identity: Identity) -> dict[str, str]:
    """What the log says of an identity."""
    return {
        "provider": identity.provider.name,
        "subject": identity.subject,
        "user": identity.user.username,
        "called": identity.called,
    }
