"""Doors of pages: who may come in at all."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of a page behind `signed_in`: the user is a person, never anonymous."""

    user: User
    htmx: HtmxDetails


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Send people who are not signed in to the sign-in page, from where they come back."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if isinstance(request.user, User) and request.user.is_active and not request.user.is_robot:
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        return to_sign_in(request)

    return guarded


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The way to the sign-in page; htmx is told to load it whole instead of swapping it into a corner."""
    url = f"{reverse('sign_in')}?{urlencode({'next': _page_of(request)})}"
    if getattr(request, "htmx", False):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = url
        return response
    return redirect(url)


def _page_of(request: HttpRequest) -> str:
    """The page that the person stood on: of a fragment or a posted form it is not the address that was asked for."""
    htmx = getattr(request, "htmx", False)
    if htmx:
        return getattr(htmx, "current_url_abs_path", None) or "/"
    if request.method == "GET":
        return request.get_full_path()
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(came_from)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"
