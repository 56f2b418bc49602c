"""People and teams for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count

import pyotp
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from accounts.models import Authenticator, CustomRole, Membership, Passkey, Session, Team, Token, User
from accounts.session_store import SessionStore, stored_key
from accounts.tokens import hashed, new_token

_numbers = count(1)


def new_user(
    username: str = "", *, password: str | None = None, is_admin: bool = False, is_active: bool = True
) -> User:
    """A person; without a password they can only be signed in by the test itself."""
    user = User(username=username or f"user-{next(_numbers)}", is_admin=is_admin, is_active=is_active)
    user.set_password(password)
    user.save()
    return user


def new_team(name: str = "") -> Team:
    """A team without members."""
    return Team.objects.create(name=name or f"team-{next(_numbers)}")


def member_of(team: Team, role: str, user: User | None = None, *, environment: str = "") -> User:
    """A person (a new one unless given) who has the role in the team, for all environments or for one."""
    user = user or new_user()
    Membership.objects.create(team=team, user=user, role=role, environment=environment)
    return user


def new_role(name: str, *permissions: str) -> CustomRole:
    """A custom role of these permissions."""
    return CustomRole.objects.create(name=name, permissions=list(permissions))


def token_of(user: User, scopes: Iterable[str] = (), *, name: str = "ci", expires_at: datetime | None = None) -> str:
    """The text of a new token of that person."""
    raw = new_token()
    Token.objects.create(
        user=user, name=name, prefix=raw[:9], hash=hashed(raw), scopes=list(scopes), expires_at=expires_at
    )
    return raw


def session_of(user: User, *, way: str = "password", provider: str = "", user_agent: str = "") -> tuple[Session, str]:
    """Somebody signed in at another browser: the row, and what the cookie there holds."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    row = Session.objects.create(
        user=user,
        key=stored_key(store.session_key or ""),
        way=way,
        provider=provider,
        address="192.0.2.9",
        user_agent=user_agent,
        ends_at=timezone.now() + timedelta(hours=12),
    )
    return row, store.session_key or ""


def authenticator_of(user: User) -> pyotp.TOTP:
    """The app of a person who has set one up."""
    secret = pyotp.random_base32()
    Authenticator.objects.create(
        user=user, secrets={"secret": secret, "pending": ""}, is_on=True, turned_on_at=timezone.now()
    )
    return pyotp.TOTP(secret)


def passkey_of(user: User, name: str = "laptop") -> Passkey:
    """A passkey that is kept for a person; nothing can sign with it."""
    return Passkey.objects.create(
        user=user, name=name, host="testserver", credential_id=f"credential-{next(_numbers)}", public=""
    )


def new_robot(team: Team, name: str = "ci", role: str = "developer") -> User:
    """A robot of the team, as its command leaves it."""
    robot = User(username=f"{name}@{team.name}", kind=User.Kind.ROBOT, robot_of=team)
    robot.set_unusable_password()
    robot.save()
    return member_of(team, role, robot)
