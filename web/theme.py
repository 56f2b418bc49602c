"""Light, dark or the system's theme: kept in a cookie, written on <html> by the server, so that nothing flashes."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = ("system", "light", "dark")
COOKIE = "theme"
YEAR_SECONDS = 365 * 86400


def theme_of(request: HttpRequest) -> str:
    """The theme this browser has chosen, "system" before any choice."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in THEMES else "system"


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember the posted `theme` and go back to the page it was chosen on."""
    back = request.POST.get("back", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    response.status_code = 303
    chosen = request.POST.get("theme", "")
    response.set_cookie(
        COOKIE,
        chosen if chosen in THEMES else "system",
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response
