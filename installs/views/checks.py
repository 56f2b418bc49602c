"""The second step: what was checked on every host, and what is done about it."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import SignedInRequest
from accounts.permissions import why_not
from installs import commands, queries
from installs.check_matrix import as_json, matrix_of, may_be_taken_on, takes_data_away
from installs.check_words import title_of
from installs.host_keys import fingerprint
from installs.junit import junit
from installs.models import CheckRecord, Install, InstallHost, InstallRun
from installs.plain import result_of, ways_of
from installs.views.reach import for_admins, install_at
from installs.views.told import told
from installs.wizard import track
from web.errors import Conflict, SlipwayError
from web.fragments import render_page, see_other

SHOWN = ("all", "open")
LOOKING = (InstallRun.Kind.PREFLIGHT, InstallRun.Kind.FIX)
LINES_OF_A_PREFLIGHT = 60


@require_safe
@for_admins
def checks(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The matrix; `?show=open` only what is not passed, `?host=&check=` one result in full."""
    install = install_at(request, pk)
    hosts = list(install.hosts.defer("credential", "facts"))
    found = queries.matrix(install)
    matrix, records = matrix_of(found), list(found.cells.values())
    show = request.GET.get("show", "")
    show = show if show in SHOWN else "all"
    runs = list(install.runs.all()[:1])
    run = runs[0] if runs and runs[0].kind in LOOKING else None
    under_way = (
        _("A run has not ended; this can be done when it has.") if any(not one.has_ended for one in runs) else ""
    )
    context = {
        "install": install,
        "wizard": track(install, "checks"),
        "topic": f"install:{install.pk}",
        "matrix": matrix,
        "lines": [line for line in matrix.lines if show == "all" or line.is_open],
        "findings": [(title_of(record.check_name), record) for record in matrix.open],
        "show": show,
        "detail": _detail(request, records),
        "keys": [_key(host) for host in hosts if host.offered_key and host.offered_key != host.host_key],
        "hosts": hosts,
        "then": "review" if request.GET.get("then") == "review" else "",
        "run": run,
        "is_running": bool(under_way),
        "run_lines": list(run.lines.order_by("-number")[:LINES_OF_A_PREFLIGHT])[::-1] if run else [],
        "why_not": {
            verb: why_not(request.user, f"install.{verb}", None) or under_way
            for verb in ("preflight", "acknowledge", "confirm_host_key", "fix")
        },
    }
    return render_page(request, "installs/checks.html", context)


@require_POST
@for_admins
def preflight(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Check everything, or with `host` and `check` one thing again."""
    install = install_at(request, pk)
    host, check = request.POST.get("host", ""), request.POST.get("check", "")
    with told(request):
        commands.preflight(request.user, install, host=host, check=check)
    return see_other(_checks_url(install, host, check))


@require_POST
@for_admins
def acknowledge(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take one finding on, with a reason."""
    install = install_at(request, pk)
    host, check = request.POST.get("host", ""), request.POST.get("check", "")
    with told(request):
        commands.acknowledge(request.user, install, host, check, request.POST.get("reason", ""))
        messages.success(request, _("%(check)s is acknowledged.") % {"check": title_of(check)}, extra_tags="ok")
    return see_other(_checks_url(install, host, check))


@require_POST
@for_admins
def confirm_host_key(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Pin the keys of the chosen hosts: those that the page showed, whatever the hosts show by now."""
    install = install_at(request, pk)
    confirmed = []
    with told(request):
        for host in request.POST.getlist("host"):
            commands.confirm_host_key(request.user, install, host, request.POST.get(f"key-{host}", ""))
            confirmed.append(host)
    if not confirmed:
        messages.error(request, _("No host key was confirmed. Choose the hosts whose fingerprints are right."))
    elif request.POST.get("do") == "check":
        with told(request):
            commands.preflight(request.user, install)
    return see_other(_checks_url(install))


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def fix(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """`?fix=check@host` for each, `check@host@fix` to have another way chosen: the exact commands of each way to mend
    it, and the button that runs those of the chosen ones."""
    install = install_at(request, pk)
    given = request.POST if request.method == "POST" else request.GET
    wanted = dict(_place_and_way(text) for text in given.getlist("fix"))
    records = [one for one in install.checks.all() if one.fix and _place(one) in wanted]
    ticked = {_place(one): request.POST.get(f"way-{_place(one)}", "") for one in records}
    fixes = [_fix(one, ticked[_place(one)].partition(":")[0] or wanted[_place(one)]) for one in records]
    refusal: SlipwayError | None = None
    if request.method == "POST" and records:
        try:
            chosen = [_as_shown(one, ticked[_place(one)]) for one in records]
            commands.run_fixes(request.user, install, chosen, typed_name=request.POST.get("confirm", "").strip())
            return see_other(_checks_url(install))
        except SlipwayError as error:
            refusal = error
    context = {
        "install": install,
        "wizard": track(install, "checks"),
        "fixes": fixes,
        "word": install.name if any(takes_data_away(one) for one in records) else "",
        "refusal": refusal,
        "why_not": why_not(request.user, "install.fix", None),
    }
    return render_page(request, "installs/fixes.html", context, status=refusal.status if refusal else 200)


@require_safe
@for_admins
def report(request: SignedInRequest, pk: UUID, format: str) -> HttpResponse:
    """All results as a file, for pipelines: JSON or JUnit XML."""
    install = install_at(request, pk)
    records = list(install.checks.all())
    response: HttpResponse
    if format == "json":
        checked = install.checked_at.isoformat() if install.checked_at else None
        document = {"install": install.name, "checked_at": checked, "results": [as_json(one) for one in records]}
        response = JsonResponse(document, json_dumps_params={"indent": 2})
    elif format == "junit":
        text = junit(install.name, [result_of(one) for one in records])
        response = HttpResponse(text, content_type="application/xml; charset=utf-8")
    else:
        raise Http404
    extension = {"junit": "xml"}.get(format, format)
    response["Content-Disposition"] = f'attachment; filename="{install.name}-checks.{extension}"'
    response["Cache-Control"] = "no-store"
    return response


def _checks_url(install: Install, host: str = "", check: str = "") -> str:
    url = reverse("installs:checks", args=[install.pk])
    return f"{url}?{urlencode({'host': host, 'check': check})}#detail" if check else url


def _detail(request: SignedInRequest, records: list[CheckRecord]) -> dict[str, Any] | None:
    place = (request.GET.get("check", ""), request.GET.get("host", ""))
    record = next((one for one in records if (one.check_name, one.host) == place), None)
    if record is None:
        return None
    return {
        "record": record,
        "title": title_of(record.check_name),
        "may_be_taken_on": may_be_taken_on(record),
        "fix_name": _place(record),
        "ways": ways_of(record),
    }


def _place(record: CheckRecord) -> str:
    return f"{record.check_name}@{record.host}"


def _place_and_way(text: str) -> tuple[str, str]:
    """`check@host` and the way of a `check@host@way`; "" where none is named."""
    check, host, way = [*text.split("@"), "", ""][:3]
    return f"{check}@{host}", way


def _fix(record: CheckRecord, named: str) -> dict[str, Any]:
    """The ways to mend a finding, of which one is chosen: the named one, else the first."""
    ways = [{**way, "value": _seal(way)} for way in ways_of(record)]
    chosen = next((way for way in ways if way["id"] == named), ways[0])
    return {
        "record": record,
        "title": title_of(record.check_name),
        "name": _place(record),
        "ways": ways,
        "chosen": chosen,
    }


def _as_shown(record: CheckRecord, value: str) -> tuple[str, str, str]:
    """What a form chose, as the command takes it. Raises Conflict where its commands are no longer those shown."""
    for way in ways_of(record):
        if _seal(way) == value:
            return record.host, record.check_name, way["id"]
    raise Conflict(
        _("The fix of %(check)s on %(host)s is not the one that you were shown.")
        % {"check": title_of(record.check_name), "host": record.host},
        next=_("Read the commands that stand here now, then run them."),
    )


def _seal(way: dict[str, Any]) -> str:
    """Names a way together with its very commands."""
    return f"{way['id']}:{hashlib.sha256(json.dumps(way['commands']).encode()).hexdigest()[:32]}"


def _key(host: InstallHost) -> dict[str, Any]:
    """The key that a host shows, beside the one that was pinned before."""
    return {
        "host": host,
        "key": host.offered_key,
        "kind": host.offered_key.partition(" ")[0],
        "fingerprint": fingerprint(host.offered_key),
        "was": fingerprint(host.host_key),
    }
