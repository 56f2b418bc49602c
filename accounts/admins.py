"""Who is left to administer Slipway."""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, OuterRef, Q

from accounts.models import Identity, User


def another_can_sign_in(user: User) -> bool:
    """Whether an active admin beside this one has a password or an identity at a provider that is switched on.

    Inside a transaction it locks the admins, so that of two who lose the right at once the second one sees the first.
    """
    admins = User.objects.filter(is_admin=True, is_active=True).order_by("pk")
    list(admins.select_for_update().values_list("pk", flat=True))
    linked = Exists(Identity.objects.filter(user=OuterRef("pk"), provider__is_active=True))
    has_password = ~Q(password="") & ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return admins.filter(has_password | linked).exclude(pk=user.pk).exists()
