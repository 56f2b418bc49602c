"""Who calls: by bearer token or by browser session. Raw ASGI applications ask the same functions as DRF does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions

from accounts.factors.required import LACKS
from accounts.models import Token, User
from accounts.session_store import SessionStore
from accounts.tokens import PREFIX, hashed
from web.addresses import client_address

if TYPE_CHECKING:
    from rest_framework.request import Request

SCHEME = 'Bearer realm="slipway"'


def user_for_token(raw: str, address: str = "") -> User | None:
    """Whom a token that is neither expired nor revoked stands for, with `.token` set; None for any other text.

    `address` is the caller's, where it is known: it is kept with the time of the last use.
    """
    if not raw.startswith(PREFIX) or len(raw) > 200 or not raw.isascii():
        return None
    # Each call asks this, so the query is the plainest there is, without an order; whether the token is good is seen
    # in the row.
    rows, print_ = Token.objects.select_related("user").order_by(), hashed(raw)
    found = rows.filter(hash=print_)[:1] or rows.filter(old_hash=print_, old_until__gt=timezone.now())[:1]
    token = found[0] if found else None
    if token is None or not token.is_good:
        return None
    token.was_used(timezone.now(), address)
    token.user.token = token
    return token.user


def user_for_session(session_key: str | None) -> User | None:
    """The person signed in by the session cookie of this value.

    None when signed out, switched off or re-keyed, and while a second factor still has to be set up.
    """
    if not session_key:
        return None
    session = SessionStore(session_key)
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS or session.get(LACKS):
        return None
    user = User.objects.filter(pk=session[SESSION_KEY], is_active=True, robot_of=None).first()
    if user is None or not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    return user


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer slip_…`. Any other value of that header is refused, never treated as anonymous."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _space, raw = header.partition(" ")
        address = client_address(request._request)
        user = user_for_token(raw.strip(), address) if scheme.lower() == "bearer" else None
        if user is None or user.token is None:
            raise exceptions.AuthenticationFailed(_("The token is unknown, expired or revoked."))
        return user, user.token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, with CSRF checked. A robot has none."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        return None if found is not None and found[0].is_robot else found

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names the token."""

    target_class = "accounts.api_auth.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names the browser's session."""

    target_class = "accounts.api_auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "session"}
