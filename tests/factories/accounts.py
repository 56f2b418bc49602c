"""People and teams for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import count

from accounts.models import CustomRole, Membership, Team, Token, User
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
