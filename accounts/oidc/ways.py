"""What the sign-in page offers."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts.models import IdentityProvider


def sign_in_ways(*, local: bool = False) -> dict[str, Any]:
    """The providers to choose from, and whether a password is asked for. `local`: it is, in any case."""
    providers = list(IdentityProvider.objects.filter(is_active=True).defer("secret"))
    return {"providers": providers, "asks_password": local or not providers or not settings.HIDE_LOCAL_SIGN_IN}
