"""What is kept of a browser in which nobody is signed in: for minutes, and of each address only so much.

A sign-in that was begun, the challenge of a passkey and a message on the next page each need a session. Without a
limit anybody could fill the table with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.utils.translation import gettext as _

from web.addresses import client_address
from web.errors import TooManyRequests
from web.problems import answer
from web.throttle import seconds_to_wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest, HttpResponse

# Long enough to go to a provider and come back.
LASTS_SECONDS = 600


class NewSessionMiddleware:
    """Stands around everything that writes to a session, and within what saves it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        if not _is_new(session):
            return response
        wait = seconds_to_wait(f"session:{client_address(request)}", settings.BEGUN_SIGN_INS_PER_MINUTE)
        if wait:
            session.flush()
            return answer(request, _too_many(wait))
        if "_session_expiry" not in session:
            session.set_expiry(LASTS_SECONDS)
        return response


def _is_new(session: SessionBase) -> bool:
    """Whether a row is about to be made for a browser in which nobody is signed in. Signing in makes its own."""
    return session.modified and not session.session_key and not session.is_empty() and SESSION_KEY not in session


def _too_many(wait: int) -> TooManyRequests:
    return TooManyRequests(
        _("Too many sign-ins were begun at your address within a minute."),
        retry_after=wait,
        next=_("Wait a minute, then try again."),
    )
