"""Who is left to administer Slipway."""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Identity, User


def another_can_sign_in(user: User) -> bool:
    """Whether an active admin beside this one has a password or an identity at a provider that is switched on."""
    linked = Exists(Identity.objects.filter(user=OuterRef("pk"), provider__is_active=True))
    has_password = ~Q(password="") & ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return _admins().filter(has_password | linked).exclude(pk=user.pk).exists()


def lock_admins() -> None:
    """For a transaction that takes the right from somebody, before it asks who else is there: of two that do so at once
    the second one waits, and sees the first."""
    list(_admins().order_by("pk").select_for_update().values_list("pk", flat=True))


def _admins() -> QuerySet[User]:
    return User.objects.filter(is_admin=True, is_active=True)
