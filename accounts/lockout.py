"""What happens when too many wrong passwords were tried for one name from one place."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from web.errors import TooManyRequests
from web.problems import answer


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


def client_address(request: HttpRequest) -> str:
    """The caller's address: the last one a trusted proxy added, else the connection's own."""
    if settings.TRUST_FORWARDED_FOR and (chain := request.headers.get("X-Forwarded-For", "")):
        return chain.rsplit(",", 1)[-1].strip()
    return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 - a name for "unknown", nothing is bound to it


def folded_username(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The name as it is counted: `Admin` and `admin` are one account."""
    given = (credentials or {}).get("username") or (request.POST.get("username", "") if request else "")
    return str(given).casefold()[:150]
