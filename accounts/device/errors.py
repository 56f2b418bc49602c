"""Answers to a program that asks for its token, in the words of RFC 8628 (section 3.5)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from web.errors import SlipwayError


class NoToken(SlipwayError):
    """The base: there is no token. `error` of the document is the word that programs look for."""

    title = _("There is no token")

    def __init__(self, detail: str, *, next: str = "") -> None:
        super().__init__(detail, next=next, error=self.code)


class AuthorizationPending(NoToken):
    """The person has not decided yet."""

    code = "authorization_pending"


class SlowDown(NoToken):
    """The program asks more often than it was told to."""

    code = "slow_down"


class ExpiredToken(NoToken):
    """The code is unknown, too old, or has brought its token already."""

    code = "expired_token"


class AccessDenied(NoToken):
    """The person refused, or may not sign in any more."""

    code = "access_denied"
