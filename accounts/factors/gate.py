"""What somebody may do who has to have a second factor and lacks it: set it up, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.factors.required import LACKS, lacks_second_factor
from accounts.models import User
from web.errors import NotPermitted
from web.problems import API_PREFIX, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

# Names of addresses that stay open meanwhile.
OPEN = frozenset(
    {
        *("security", "confirm_identity", "begin_authenticator", "authenticator", "remove_authenticator"),
        *("make_recovery_codes", "passkey_options", "add_passkey", "remove_passkey", "end_session"),
        *("end_other_sessions", "sign_out", "renew_session", "choose_theme", "healthz_live", "healthz_ready"),
    }
)


class SecondFactorRequired(NotPermitted):
    """Nothing else is done for this session until its person has a second factor."""

    code = "second_factor_required"


class RequiredMiddleware:
    """Leads a session that is marked to where a second factor is set up. No query for any other session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else ""
        # A token is its own proof: the API does not look at the session of a call that carries one.
        has_token = request.path.startswith(API_PREFIX) and "Authorization" in request.headers
        if name in OPEN or has_token or not request.session.get(LACKS):
            return None
        if not isinstance(request.user, User) or not lacks_second_factor(request.user):
            del request.session[LACKS]
            return None
        return _to_set_up(request)


def _to_set_up(request: HttpRequest) -> HttpResponse:
    page = reverse("security")
    if request.path.startswith(API_PREFIX):
        return answer(
            request,
            SecondFactorRequired(
                _("This portal wants a second factor of you before anything else."),
                next=_("Set one up on the page Settings, Security."),
            ),
        )
    if getattr(request, "htmx", False):
        response = HttpResponse(status=403)
        response["HX-Redirect"] = page
        return response
    messages.warning(request, _("Before anything else: set up a second factor. This portal wants one of you."), "hold")
    return redirect(page)
