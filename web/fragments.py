"""A page as a whole, or one named part of it for htmx: both from the same template, so that they cannot drift apart."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The full page, or only `template#<fragment>` when htmx asks for `?fragment=<fragment>`.

    Raises Http404 for a fragment that the template does not define.
    """
    fragment = request.GET.get("fragment", "") if is_htmx(request) else ""
    if fragment and not fragment.replace("-", "_").isidentifier():
        raise Http404
    try:
        body = render_to_string(f"{template}#{fragment}" if fragment else template, context, request)
    except TemplateDoesNotExist as missing:
        if fragment and str(missing).endswith(fragment):
            raise Http404 from missing
        raise
    return _personal(HttpResponse(body, status=status))


def answer(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    back_to: str | Model,
    status: int = 200,
) -> HttpResponse:
    """What a POST answers: the fragment `app/page.html#name` to htmx, a 303 to `back_to` to a plain form.

    `back_to` is a URL, or a row with get_absolute_url. With a status of 400 and above (a refused form) the plain form
    gets the whole page, so that nothing typed is lost.
    """
    if is_htmx(request):
        return _personal(HttpResponse(render_to_string(template, context, request), status=status))
    if status >= 400:
        whole = template.partition("#")[0]
        return _personal(HttpResponse(render_to_string(whole, context, request), status=status))
    return see_other(back_to)


def see_other(to: str | Model) -> HttpResponse:
    """Go and GET another page of ours: what a plain form post answers when it is done."""
    response = HttpResponse(status=303)
    response["Location"] = resolve_url(to)
    return response


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """The page of ours that `next` names; `default` when it is missing or leads elsewhere."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed and wanted.startswith("/") and wanted.isprintable() else default


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks."""
    return bool(getattr(request, "htmx", False))


def _personal(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["HX-Request"])
    return response
