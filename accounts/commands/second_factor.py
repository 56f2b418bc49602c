"""The second factor of a person: an authenticator app, recovery codes, passkeys; and an admin's reset of all of it.

People do this for themselves at a browser, after they have proved again who they are (accounts.factors.confirmed).
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import LastFactor, NotSignedInHere
from accounts.factors import codes
from accounts.factors.required import has_second_factor, lacks_second_factor
from accounts.models import Authenticator, Passkey, RecoveryCode, User
from accounts.permissions import require
from accounts.sessions import end_sessions
from audit.record import audit
from web.errors import Invalid

MOST_PASSKEYS = 20


def begin_authenticator(by: User) -> Authenticator:
    """Make a secret for a new app. The old one works until the new one has shown a code."""
    require_local(by)
    row = Authenticator.objects.filter(user=by).first() or Authenticator(user=by)
    row.secrets = {"secret": row.secrets.get("secret", ""), "pending": codes.new_secret()}
    row.save()
    return row


def turn_on_authenticator(by: User, code: str) -> list[str]:
    """Use the new app from now on: this code shows that it holds the secret.

    Answers recovery codes where the person has none yet. Raises Invalid.
    """
    row = Authenticator.objects.filter(user=by).first()
    pending = row.secrets.get("pending", "") if row else ""
    step = codes.step_of(pending, codes.plain(code)) if pending else None
    if row is None or step is None:
        raise Invalid.at(
            "/code", "wrong_code", _("This is not the code that the app shows now. Check the clock of its device.")
        )
    replaces = row.is_on
    row.secrets = {"secret": pending, "pending": ""}
    row.is_on, row.last_step, row.wrong_codes, row.turned_on_at = True, step, 0, timezone.now()
    with transaction.atomic():
        row.save()
        audit(by, "authenticator.add", by, replaces=replaces)
        return _first_recovery_codes(by)


def remove_authenticator(by: User) -> None:
    """Do without the app. Idempotent. Raises LastFactor where the portal wants one of this person."""
    with transaction.atomic():
        if Authenticator.objects.filter(user=by).delete()[0]:
            audit(
                by, "authenticator.remove", by, before={"has_authenticator": True}, after={"has_authenticator": False}
            )
        _settle(by)


def make_recovery_codes(by: User) -> list[str]:
    """Ten new codes; the old ones end. Raises Invalid for somebody who has no second factor to recover."""
    if not has_second_factor(by):
        raise Invalid(_("Recovery codes stand in for a second factor. Set one up first."))
    with transaction.atomic():
        audit(by, "recovery_codes.make", by)
        return codes.new_recovery_codes(by)


def add_passkey(by: User, passkey: Passkey, name: str) -> list[str]:
    """Keep a passkey that the browser has just made. Answers recovery codes where the person has none yet.

    Raises Invalid.
    """
    require_local(by)
    if not 1 <= len(name.strip()) <= 60 or not name.isprintable():
        raise Invalid.at("/name", "invalid", _("Give the passkey a name of 1 to 60 characters."))
    if Passkey.objects.filter(user=by).count() >= MOST_PASSKEYS:
        raise Invalid(_("A person has at most %(most)d passkeys.") % {"most": MOST_PASSKEYS})
    passkey.user, passkey.name = by, name.strip()
    with transaction.atomic():
        passkey.save(force_insert=True)
        audit(by, "passkey.add", passkey, host=passkey.host)
        return _first_recovery_codes(by)


def remove_passkey(by: User, passkey: Passkey) -> None:
    """Let a passkey sign nobody in any more. Raises LastFactor where the portal wants one of this person."""
    with transaction.atomic():
        audit(by, "passkey.remove", passkey, before={"name": passkey.name, "host": passkey.host})
        passkey.delete()
        _settle(by)


def reset_second_factor(by: User, user: User) -> None:
    """Take a person's app, passkeys and codes, all of which may be lost or stolen, and end their sessions.

    Idempotent. Raises NotPermitted.
    """
    require(by, "second_factor.reset", None)
    with transaction.atomic():
        held = [kind.objects.filter(user=user).delete()[0] for kind in (Authenticator, Passkey, RecoveryCode)]
        if any(held):
            end_sessions(user)
            audit(by, "second_factor.reset", user)


def require_local(user: User) -> None:
    """Raises NotSignedInHere for somebody who has no password here: what vouches for them is elsewhere."""
    if not user.has_usable_password():
        raise NotSignedInHere(
            _("You sign in through an identity provider, whose second factor is asked for there."),
            next=_("Set it up with the provider."),
        )


def _first_recovery_codes(by: User) -> list[str]:
    return [] if RecoveryCode.objects.filter(user=by).exists() else codes.new_recovery_codes(by)


def _settle(by: User) -> None:
    """What holds once something was removed."""
    if lacks_second_factor(by):
        raise LastFactor(
            _("This portal wants a second factor of you, and this is your only one."),
            next=_("Add another one first."),
        )
    if not has_second_factor(by):
        RecoveryCode.objects.filter(user=by).delete()
