"""Panels of a service, a release, a cluster: as a page of its own, and as the fragment that other pages fetch."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from clusters.models import Cluster
from deployments.models import Release
from deployments.queries import release_named
from deployments.shares import weight_of
from metrics.queries import Board, cluster_board, release_board, service_board, targets_of
from metrics.windows import RANGES, page_window, window_around
from services.models import Service
from web.fragments import is_htmx, render_page

# The word in the address for the time of the release itself.
WHOLE_RELEASE = "release"


@require_safe
@signed_in
def service(request: SignedInRequest, name: str) -> HttpResponse:
    """The golden signals of a service in one of its environments."""
    found = get_object_or_404(Service.objects.visible_to(request.user), name=name)
    targets = targets_of(found)
    if not targets:
        raise Http404
    wanted = request.GET.get("environment", "")
    target = next((one for one in targets if one.environment.name == wanted), targets[-1])
    window = page_window(request.GET.get("range", ""))
    page = _page_of(request, found.get_absolute_url())
    environment = target.environment.name
    context = {
        "about": found.name,
        "about_url": found.get_absolute_url(),
        "environments": [
            (one.environment.name, f"{page}?{urlencode({'environment': one.environment.name, 'range': window.name})}")
            for one in targets
        ],
        "environment": environment,
        "ranges": _ranges(page, environment=environment),
        "range": window.name,
        **_shown(service_board(target, window)),
    }
    return render_page(request, "metrics/board.html", context)


@require_safe
@signed_in
def release(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """New against old Pods: around the release unless a range is chosen."""
    found: Release = release_named(request.user, release_id)
    chosen = request.GET.get("range", "")
    began = found.started_at or found.created_at
    window = page_window(chosen) if chosen in RANGES else window_around(began, found.finished_at)
    page = _page_of(request, found.get_absolute_url())
    context = {
        "about": f"{found.target.service.name} {found.label}",
        "about_url": found.get_absolute_url(),
        "ranges": [(WHOLE_RELEASE, _("this release"), page), *_ranges(page)],
        "range": window.name or WHOLE_RELEASE,
        "version": found.label,
        "desired": None if found.ended else weight_of(found).desired,
        "topics": "" if found.ended else f"release:{found.pk}",
        **_shown(release_board(found, window)),
    }
    return render_page(request, "metrics/board.html", context)


@require_safe
@signed_in
def cluster(request: SignedInRequest, name: str) -> HttpResponse:
    """What goes on in the namespaces of a cluster that the caller may see."""
    found = get_object_or_404(Cluster.objects.visible_to(request.user), name=name)
    window = page_window(request.GET.get("range", ""))
    page = _page_of(request, found.get_absolute_url())
    context = {
        "about": found.name,
        "about_url": found.get_absolute_url(),
        "ranges": _ranges(page),
        "range": window.name,
        **_shown(cluster_board(request.user, found, window)),
    }
    return render_page(request, "metrics/board.html", context)


def _shown(board: Board) -> dict[str, Any]:
    return {"board": board, "markers": [(one, one.sentence) for one in board.markers]}


def _page_of(request: SignedInRequest, embedding: str) -> str:
    """The page whose address the range stands in: the one that embeds the fragment, else this one."""
    return embedding if is_htmx(request) else request.path


def _ranges(page: str, **kept: str) -> list[tuple[str, str, str]]:
    """Word in the address, label and link of each range."""
    return [(name, name, f"{page}?{urlencode({**kept, 'range': name})}") for name in RANGES]
