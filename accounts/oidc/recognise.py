"""Who a proven person is here: by the subject, and by nothing else, unless an admin trusts the provider's e-mails."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Identity, IdentityProvider, User, username_rule
from accounts.oidc.errors import SignInFailed
from accounts.oidc.person import Person
from audit.record import audit


@dataclass(frozen=True)
class Recognised:
    """What comes of it: an account that is linked already, one that matches by its verified e-mail, or a new one."""

    how: str
    user: User | None
    username: str
    identity: Identity | None = None


def recognise(provider: IdentityProvider, person: Person) -> Recognised:
    """Who that is, without changing anything. Raises SignInFailed (`user`), which says what can be done."""
    identity = Identity.objects.select_related("user").filter(provider=provider, subject=person.subject).first()
    if identity:
        _require_person(provider, identity.user)
        return Recognised("linked", identity.user, identity.user.username, identity)
    if found := _by_email(provider, person):
        return Recognised("email", found, found.username)
    if not provider.makes_people:
        raise SignInFailed(
            "user",
            _("No account here is linked to %(who)s at %(name)s.") % _named(provider, person),
            next=_("An admin links one on its page under Users, or sign in as before and link it under Profile."),
        )
    _require_free_name(provider, person)
    return Recognised("new", None, person.username)


def welcome(provider: IdentityProvider, person: Person) -> Identity:
    """The identity of the person, linked or made where there is none yet. Raises SignInFailed."""
    found = recognise(provider, person)
    identity = found.identity
    if identity is None:
        try:
            with transaction.atomic():
                identity = _link(provider, person, found.user or _new_user(provider, person), found.how)
        except IntegrityError:
            # Two browsers at once: the other one was first.
            again = recognise(provider, person)
            if again.identity is None:
                raise
            identity = again.identity
    identity.seen_at, identity.called = timezone.now(), person.username or identity.called
    identity.save(update_fields=["seen_at", "called"])
    return identity


def _by_email(provider: IdentityProvider, person: Person) -> User | None:
    """The one active account with this address. Never an admin's: that one is linked by hand."""
    if not (provider.trust_email and person.email_is_verified and person.email):
        return None
    found = list(User.objects.filter(email__iexact=person.email)[:2])
    if len(found) != 1 or not found[0].is_active or found[0].is_admin or found[0].is_robot:
        return None
    return found[0]


def _require_person(provider: IdentityProvider, user: User) -> None:
    if not user.is_active or user.is_robot:
        raise SignInFailed(
            "user",
            _("The account %(user)s is switched off.") % {"user": user.username},
            next=_("Ask an admin to switch it on again."),
        )


def _require_free_name(provider: IdentityProvider, person: Person) -> None:
    try:
        username_rule(person.username)
    except ValidationError:
        raise SignInFailed(
            "user",
            _("%(name)s calls you “%(who)s”, which cannot be a user name here.") % _named(provider, person),
            next=_("An admin names another claim for the user name, or links an account that is there."),
        ) from None
    if User.objects.filter(username__iexact=person.username).exists():
        raise SignInFailed(
            "user",
            _("There is an account %(who)s here already, and nothing proves that it is yours.")
            % _named(provider, person),
            next=_("If it is: sign in to it as before and link %(name)s under Profile. Else ask an admin.")
            % {"name": provider.title},
        )


def _new_user(provider: IdentityProvider, person: Person) -> User:
    user = User(username=person.username, email=_usable(person))
    user.set_unusable_password()
    user.save(force_insert=True)
    audit(None, "user.create", user, after={"username": user.username, "email": user.email}, provider=provider.name)
    return user


def _usable(person: Person) -> str:
    """A verified address alone: what is unverified could be anybody's, and others may be matched by it."""
    if not person.email_is_verified:
        return ""
    try:
        validate_email(person.email)
    except ValidationError:
        return ""
    return person.email if len(person.email) <= 254 else ""


def _link(provider: IdentityProvider, person: Person, user: User, how: str) -> Identity:
    identity = Identity.objects.create(
        provider=provider, subject=person.subject, user=user, called=person.username, seen_at=timezone.now()
    )
    told = {"provider": provider.name, "subject": person.subject, "user": user.username}
    audit(None, "identity.link", identity, after=told, how=how)
    return identity


def _named(provider: IdentityProvider, person: Person) -> dict[str, str]:
    return {"name": provider.title, "who": (person.username or person.subject)[:100]}
