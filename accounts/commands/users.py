"""Making people and changing what they are."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.admins import another_can_sign_in, lock_admins
from accounts.errors import LastAdmin, NameTaken
from accounts.factors.required import lacks_second_factor
from accounts.models import Session, User
from accounts.permissions import require
from accounts.sessions import end_sessions
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid
from web.problems import model_errors

EDITABLE = ("email", "is_admin", "is_active")


def new_password() -> str:
    """A password nobody can guess, that can be read aloud."""
    return secrets.token_urlsafe(18)


def create_user(by: User | None, username: str, password: str, *, email: str = "", is_admin: bool = False) -> User:
    """Make a person. `by` None: Slipway itself, at the command line.

    Raises NotPermitted, Invalid (name, e-mail or password) and NameTaken.
    """
    if by:
        require(by, "user.create", None)
    user = User(username=username, email=email, is_admin=is_admin)
    _check(user, password)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            note_made(user.pk)
            audit(by, "user.create", user, after=facts(user))
    except IntegrityError:
        raise NameTaken(_("There is a user named %(name)s already.") % {"name": username}) from None
    return user


def edit_user(by: User, user: User, **changes: Any) -> User:
    """Change e-mail, or whether somebody is active or an admin. Switching off ends sessions and tokens at once.

    Raises NotPermitted, Invalid, and LastAdmin when no active admin would be left.
    """
    require(by, "user.edit", None)
    before = facts(user)
    for name in EDITABLE:
        if name in changes:
            setattr(user, name, changes[name])
    _check(user)
    after = facts(user)
    if after == before:
        return user
    with transaction.atomic():
        if before["is_admin"] and before["is_active"] and not (user.is_admin and user.is_active):
            lock_admins()
            if not another_can_sign_in(user):
                raise LastAdmin(_("%(name)s is the only active admin who can sign in.") % {"name": user.username})
        user.save(update_fields=list(EDITABLE))
        if not user.is_active:
            end_sessions(user)
        if user.is_admin and not before["is_admin"] and lacks_second_factor(user):
            end_sessions(user, way=Session.Way.PASSWORD)
        audit(by, "user.edit", user, before=before, after=after)
    return user


def set_password(by: User, user: User, password: str, *, keep: Session | None = None) -> None:
    """Give a person a new password: one's own, or anybody's as an admin. Ends their sessions but the one to keep.

    Raises NotPermitted and Invalid.
    """
    if by.pk != user.pk:
        require(by, "user.edit", None)
    _check(user, password)
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        end_sessions(user, but=keep)
        audit(by, "user.set_password", user)


def facts(user: User) -> dict[str, Any]:
    """What may be told about a person: never anything of the password."""
    return {name: getattr(user, name) for name in ("username", *EDITABLE)}


def _check(user: User, password: str | None = None) -> None:
    errors: list[dict[str, str]] = []
    if user.is_robot and (user.is_admin or password is not None):
        pointer = "/is_admin" if user.is_admin else "/password"
        detail = _("A robot is no admin and has no password: it acts through tokens.")
        errors.append({"pointer": pointer, "code": "robot", "detail": detail})
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        errors += model_errors(error)
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            errors += [{**one, "pointer": "/password"} for one in model_errors(error)]
    if errors:
        raise Invalid(_("This user cannot be stored as it is."), errors=errors)
