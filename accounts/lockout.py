"""What happens when too many wrong passwords were tried for one name from one place."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from web.addresses import client_address
from web.errors import TooManyRequests
from web.problems import answer

__all__ = ["client_address", "folded_username", "locked_out"]


def locked_out(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """The answer while the lock is on."""
    minutes = int(settings.AXES_COOLOFF_TIME * 60)
    return answer(
        request,
        TooManyRequests(
            _("Too many wrong passwords for this name from your address."),
            retry_after=minutes * 60,
            next=_("Wait %(minutes)d minutes, or ask an admin to set a new password.") % {"minutes": minutes},
        ),
    )


def folded_username(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The name as it is counted: `Admin` and `admin` are one account."""
    given = (credentials or {}).get("username") or (request.POST.get("username", "") if request else "")
    return str(given).casefold()[:150]
