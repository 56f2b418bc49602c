"""The fourth step: the files and the plan as they will be used, and the button that starts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import SignedInRequest
from accounts.permissions import why_not
from installs import commands, queries
from installs.check_matrix import matrix_of, may_be_taken_on, takes_data_away
from installs.check_words import title_of
from installs.models import CheckRecord, Install
from installs.shapes import Step
from installs.views.reach import for_admins, install_at
from installs.wizard import track
from web.errors import SlipwayError
from web.fragments import render_page, see_other

TITLES_OF_A_STAGE = 3


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def review(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What is going to happen; POST starts it."""
    install = install_at(request, pk)
    found = queries.matrix(install)
    matrix = matrix_of(found)
    open_findings = [_finding(record, request) for record in matrix.blocking]
    refusal: SlipwayError | None = None
    if request.method == "POST":
        try:
            run = commands.start_install(
                request.user,
                install,
                apply_fixes=request.POST.get("apply_fixes") == "on",
                acknowledge=[
                    {"host": one["record"].host, "check": one["record"].check_name, "reason": one["reason"]}
                    for one in open_findings
                    if one["reason"]
                ],
            )
            return see_other(reverse("installs:run", args=[install.pk, run.pk]))
        except SlipwayError as error:
            if error.status >= 500:
                raise
            refusal = error
    files, files_refused = _files(install)
    steps, plan_refused = plan_of(install, "install")
    context = {
        "install": install,
        "wizard": track(install, "review"),
        "matrix": matrix,
        "findings": open_findings,
        "fixable": matrix.fixable,
        "files": files,
        "files_refused": files_refused,
        "stages": stages_of(steps),
        "step_count": len(steps),
        "plan_refused": plan_refused,
        "refusal": refusal,
        "machines": len([name for name in found.hosts if name]),
        "why_not": why_not(request.user, "install.start", None) or (plan_refused.detail if plan_refused else ""),
    }
    return render_page(request, "installs/review.html", context, status=refusal.status if refusal else 200)


@require_safe
@for_admins
def rendered_file(request: SignedInRequest, pk: UUID, name: str) -> HttpResponse:
    """One of the kubeadm files to download."""
    install = install_at(request, pk)
    text = queries.rendered_files(install).get(name)
    if text is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{install.name}-{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


def plan_of(install: Install, kind: str) -> tuple[list[Step], SlipwayError | None]:
    """The steps that a run of the kind would have now, or why there is no plan yet."""
    try:
        return list(queries.planned(install, kind)), None
    except SlipwayError as error:
        return [], error


def stages_of(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The steps by stage: each with its hosts, and what is done on them in a few words."""
    stages = []
    for number, (_stage, group) in enumerate(groupby(steps, key=lambda step: step.stage), 1):
        found = list(group)
        hosts = list(dict.fromkeys(step.host for step in found if step.host))
        titles = list(dict.fromkeys(_said_of_all(step, hosts) for step in found))
        stages.append(
            {
                "number": number,
                "title": ", ".join(titles[:TITLES_OF_A_STAGE]) + (" …" if len(titles) > TITLES_OF_A_STAGE else ""),
                "hosts": hosts,
                "steps": found,
            }
        )
    return stages


def _said_of_all(step: Step, hosts: list[str]) -> str:
    """Its title, the same for all hosts of a stage."""
    return step.title.replace(step.host, _("each host")) if len(hosts) > 1 and step.host else step.title


def _files(install: Install) -> tuple[list[tuple[str, str]], SlipwayError | None]:
    try:
        return sorted(queries.rendered_files(install).items()), None
    except SlipwayError as error:
        return [], error


def _finding(record: CheckRecord, request: SignedInRequest) -> dict[str, Any]:
    name = f"reason-{record.pk}"
    return {
        "record": record,
        "title": title_of(record.check_name),
        "may_be_taken_on": may_be_taken_on(record),
        "destroys": takes_data_away(record),
        "name": name,
        "reason": request.POST.get(name, "").strip(),
    }
