"""One run of an install: its steps by stage and host, its log as it grows, and the ways on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import SignedInRequest
from accounts.permissions import why_not
from installs import commands
from installs.models import InstallRun, InstallStep
from installs.views.reach import for_admins, install_at
from installs.views.told import told
from installs.wizard import track
from web import ago
from web.filters import searched
from web.fragments import render_page, see_other

SHOWN_LINES = 500
LOG_BATCH = 500


@require_safe
@for_admins
def run(request: SignedInRequest, pk: UUID, run: UUID) -> HttpResponse:
    """The run; `?host=` and `?step=` and `?search=` narrow its log."""
    install = install_at(request, pk)
    found = get_object_or_404(install.runs.select_related("created_by"), pk=run)
    steps = list(found.steps.all())
    given = {name: request.GET.get(name, "") for name in ("host", "step", "search")}
    lines = _narrowed(found, given)
    shown = list(lines.order_by("-number")[: SHOWN_LINES + 1])[::-1]
    done = sum(step.state == InstallStep.State.SUCCEEDED for step in steps)
    context = {
        "install": install,
        "wizard": track(install, "run" if found.kind == InstallRun.Kind.INSTALL else ""),
        "topic": f"install:{install.pk}",
        "run": found,
        "stages": [_stage(number, list(group)) for number, (_key, group) in enumerate(_by_stage(steps), 1)],
        "steps": steps,
        "done": done,
        "fraction": done / len(steps) if steps else None,
        "now": next((step for step in steps if step.state == InstallStep.State.RUNNING), None),
        "failed": [step for step in steps if step.state == InstallStep.State.FAILED],
        "hosts": sorted({step.host for step in steps if step.host}),
        "given": given,
        "is_filtered": any(given.values()),
        "lines": shown[-SHOWN_LINES:],
        "has_more": len(shown) > SHOWN_LINES,
        "is_last": not install.runs.filter(created_at__gt=found.created_at).exists(),
        "why_not": {verb: why_not(request.user, f"install.{verb}", None) for verb in ("retry", "cancel", "reset")},
    }
    return render_page(request, "installs/run.html", context)


@require_safe
@for_admins
def log(request: SignedInRequest, pk: UUID, run: UUID) -> StreamingHttpResponse:
    """The whole log as text."""
    install = install_at(request, pk)
    found = get_object_or_404(install.runs, pk=run)
    response = StreamingHttpResponse(_text(found), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{install.name}-{found.kind}.log"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@for_admins
def retry(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Go on from the step that failed."""
    install = install_at(request, pk)
    with told(request):
        commands.retry_install(request.user, install)
    return see_other(_last_run_url(install))


@require_POST
@for_admins
def cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Stop before the next step."""
    install = install_at(request, pk)
    with told(request):
        commands.cancel_install(request.user, install)
        messages.success(request, _("It stops before its next step."), extra_tags="ok")
    return see_other(_last_run_url(install))


def _last_run_url(install: Any) -> str:
    last = install.runs.first()
    return reverse("installs:run", args=[install.pk, last.pk]) if last else install.get_absolute_url()


def _narrowed(found: InstallRun, given: dict[str, str]) -> Any:
    lines: Any = found.lines.all()
    for name in ("host", "step"):
        if given[name]:
            lines = lines.filter(**{name: given[name].replace("\0", "")})
    return searched(lines, ("text",), given["search"])


def _by_stage(steps: list[InstallStep]) -> Iterator[tuple[int, Iterator[InstallStep]]]:
    return groupby(steps, key=lambda step: step.stage)


def _stage(number: int, steps: list[InstallStep]) -> dict[str, Any]:
    states = {step.state for step in steps}
    order = ("failed", "running", "undone")
    state = next((one for one in order if one in states), "succeeded" if states == {"succeeded"} else "pending")
    return {"number": number, "state": state, "steps": [(step, _took(step)) for step in steps]}


def _took(step: InstallStep) -> str:
    """How long it took, or takes so far."""
    if step.started_at is None:
        return ""
    span: timedelta = (step.ended_at or timezone.now()) - step.started_at
    return ago.duration(max(0.0, span.total_seconds()))


def _text(found: InstallRun) -> Iterator[str]:
    after = 0
    while batch := list(found.lines.filter(number__gt=after).order_by("number")[:LOG_BATCH]):
        for line in batch:
            place = " ".join(filter(None, (line.host, line.step)))
            yield f"{line.at.isoformat(timespec='seconds')} {f'[{place}] ' if place else ''}{line.text}\n"
        after = batch[-1].number
