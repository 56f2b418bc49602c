"""The rail by itself: fetched again while a page stays open, so that its counts are never those of an hour ago."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from web import nav
from web.fragments import render_page


@require_safe
@login_required
def rail(request: HttpRequest) -> HttpResponse:
    """The list of entries as the page at the path `at` shows it."""
    at = request.GET.get("at", "/")
    return render_page(request, "rail.html", {"nav": nav.entries(request, at), "at": at})
