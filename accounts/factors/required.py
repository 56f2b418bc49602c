"""Who has to have a second factor, and who has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

from accounts.models import Authenticator, Passkey, SignInPolicy, User

if TYPE_CHECKING:
    from django.db.models import QuerySet

# In the data of a session whose person still has to set it up.
LACKS = "lacks_second_factor"


def has_second_factor(user: User) -> bool:
    """Whether a password alone does not sign this person in."""
    return with_second_factor(User.objects.filter(pk=user.pk)).exists()


def with_second_factor(people: Any) -> QuerySet[User]:
    """Those who have an authenticator app or a passkey."""
    app = Authenticator.objects.filter(user=OuterRef("pk"), is_on=True)
    found: QuerySet[User] = people.filter(Exists(app) | Exists(Passkey.objects.filter(user=OuterRef("pk"))))
    return found


def lacks_second_factor(user: User) -> bool:
    """Whether this person has to have one and has none."""
    return SignInPolicy.current().covers(user) and not has_second_factor(user)
