"""The buttons of a release's page: each posts to the address of its verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.decorators import SignedInRequest, signed_in
from deployments.commands import (
    abort_release,
    override_window,
    pause_release,
    promote_release,
    resume_release,
    retry_release,
)
from deployments.models import Release
from deployments.queries import release_named
from web.errors import Conflict, Invalid
from web.fragments import see_other


@require_POST
@signed_in
def abort(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Ask the release to stop, then show how it does."""
    reason = request.POST.get("reason", "").strip()[:2000]
    return _decided(request, release_id, abort_release, reason=reason)


@require_POST
@signed_in
def retry(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Go on with a paused release, or show the new one that begins."""
    return _decided(request, release_id, retry_release)


@require_POST
@signed_in
def pause(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Hold the release, then show it held."""
    return _decided(request, release_id, pause_release)


@require_POST
@signed_in
def resume(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Let it go on."""
    return _decided(request, release_id, resume_release)


@require_POST
@signed_in
def override(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Let it pass the freeze window that holds it."""
    return _decided(request, release_id, override_window, reason=request.POST.get("reason", "").strip()[:2000])


@require_POST
@signed_in
def promote(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """Leave the pause that the page showed, or with `full` all that are left."""
    step = request.POST.get("step", "")
    full = request.POST.get("full", "") in ("on", "true", "1", "full")
    return _decided(request, release_id, promote_release, full=full, step=int(step) if step.isdecimal() else None)


def _decided(request: SignedInRequest, release_id: UUID, command: Callable[..., Release], **wish: Any) -> HttpResponse:
    """Do it and show the release that it is about now; a refusal is shown on the page it came from."""
    release = release_named(request.user, release_id)
    try:
        release = command(release, by=request.user, **wish)
    except (Conflict, Invalid) as refusal:
        messages.warning(request, " ".join(part for part in (str(refusal.detail), str(refusal.next)) if part))
    return see_other(release)
