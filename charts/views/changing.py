"""Install, upgrade, roll back, uninstall and recover: what it would do is shown first, then it is asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import yaml
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import ANYWHERE, may_in_any_team
from accounts.permissions import why_not as why_not_at_all
from charts import commands
from charts.commands.upgrade import chart_for
from charts.forms import InstallForm, ValuesForm
from charts.models import ChartArchive, HelmRelease
from charts.places import require_place
from charts.queries import manifest_of, objects_of_release, release_rows, search_charts, versions_of
from charts.schema_fields import simple_fields
from charts.sources import Chosen, choose, obtain
from charts.storage import history
from charts.trying import try_install, try_upgrade
from charts.values import hidden, revealed, write_values
from charts.views.releases import why_not
from clusters.connection import connect
from clusters.models import Cluster
from web.diffs import compare
from web.errors import SlipwayError
from web.filters import flag
from web.forms import tell
from web.fragments import render_page, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def install(request: SignedInRequest) -> HttpResponse:
    """`?chart=&version=`: the form; POST with `step=review` tries, with `step=run` asks for it."""
    chosen, archive = _chart(request, request.GET.get("chart", ""), request.GET.get("version", ""))
    clusters = list(Cluster.objects.visible_to(request.user).values_list("name", flat=True))
    form = InstallForm(
        request.POST or None,
        initial={"name": archive.name[:53]},
        simple=simple_fields(archive.facts["schema"]),
        current=_defaults(archive),
        clusters=clusters,
        is_admin=request.user.is_admin,
    )
    told: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        cluster = get_object_or_404(Cluster.objects.visible_to(request.user), name=typed["cluster"])
        where = {"namespace": typed["namespace"], "name": typed["name"], "chart": chosen.ref, "version": chosen.version}
        try:
            where["values"] = form.values_given()
            if request.POST.get("step") != "run":
                told = try_install(request.user, cluster, **where)
            else:
                more = {
                    name: typed[name] for name in ("atomic", "create_namespace", "timeout_seconds") if name in typed
                }
                return see_other(commands.install_release(request.user, cluster, **where, **more).release)
        except SlipwayError as error:
            tell(form, error)
    context = {"chosen": chosen, "archive": archive, "form": form, "told": told, "clusters": clusters}
    may = may_in_any_team(request.user, "helm_release.install", ANYWHERE)
    context["why_not"] = "" if may else why_not_at_all(request.user, "helm_release.install", None)
    return render_page(request, "charts/install.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upgrade(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The values that the release has, in a form; `?chart=&version=` chooses another chart or version.

    Where nobody knows the chart, as of a release that the helm command made, and with `?choose=true`, charts to choose
    from.
    """
    release = _release(request, pk)
    require_place(request.user, "helm_release.upgrade", release.cluster, release.namespace)
    chart = request.GET.get("chart", "")
    if request.method != "POST" and not chart and (not release.chart_ref or flag(request.GET, "choose")):
        return _choose(request, release)
    wanted = request.GET.get("version") or ("" if chart else release.chart_version)
    chosen, archive = _chart(request, chart_for(release, chart), wanted)
    kept = history(connect(release.cluster), release.namespace, release.name)
    current = kept[0].config if kept else {}
    form = ValuesForm(
        request.POST or None,
        initial={"values": write_values(hidden(current))},
        simple=simple_fields(archive.facts["schema"]),
        current={**_defaults(archive), **hidden(current)},
    )
    told: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            values = revealed(form.values_given(), current)
            what: dict[str, Any] = {"chart": chosen.ref, "version": chosen.version, "values": values}
            if request.POST.get("step") != "run":
                told = try_upgrade(request.user, release, **what)
            else:
                more: dict[str, Any] = {name: typed[name] for name in ("atomic", "timeout_seconds")}
                return see_other(commands.upgrade_release(request.user, release, **what, **more).release)
        except SlipwayError as error:
            tell(form, error)
    context = {
        "release": release,
        "chosen": chosen,
        "archive": archive,
        "versions": versions_of(request.user, chosen),
        "is_other_chart": bool(release.chart) and archive.name != release.chart,
        "form": form,
        "told": told,
    }
    return render_page(request, "charts/upgrade.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def rollback(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """`?to=` is the revision; what differs from what runs is shown before the button."""
    release = _release(request, pk)
    number = (request.POST if request.method == "POST" else request.GET).get("to", "")
    revision = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    refusal: SlipwayError | None = None
    if request.method == "POST":
        require_place(request.user, "helm_release.rollback", release.cluster, release.namespace)
        try:
            return see_other(commands.rollback_release(request.user, release, revision).release)
        except SlipwayError as error:
            refusal = error
    now, then = manifest_of(release), manifest_of(release, revision)
    context = {
        "release": release,
        "revision": then["revision"],
        "diff": compare(now["manifest"], then["manifest"]),
        "refusal": refusal,
        "why_not": why_not(request, release, "rollback"),
    }
    return render_page(request, "charts/rollback.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def uninstall(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What goes, and the button."""
    release = _release(request, pk)
    refusal: SlipwayError | None = None
    if request.method == "POST":
        require_place(request.user, "helm_release.uninstall", release.cluster, release.namespace)
        try:
            return see_other(commands.uninstall_release(request.user, release).release)
        except SlipwayError as error:
            refusal = error
    context = {
        "release": release,
        "objects": objects_of_release(release),
        "refusal": refusal,
        "why_not": why_not(request, release, "uninstall"),
    }
    return render_page(request, "charts/uninstall.html", context, status=refusal.status if refusal else 200)


@require_POST
@signed_in
def recover(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Mark a revision that was left pending as failed."""
    release = _release(request, pk)
    number = request.POST.get("revision", "")
    commands.recover_release(request.user, release, int(number) if number.isascii() and number.isdigit() else 0)
    messages.success(request, _("The revision counts as failed now; the release can be upgraded again."))
    return see_other(release)


def _choose(request: SignedInRequest, release: HelmRelease) -> HttpResponse:
    """The charts that have the words of `?search=`, at first the name of the chart that the release was made of."""
    if "search" not in request.GET:
        return see_other(f"{request.path}?{urlencode({'choose': 'true', 'search': release.chart})}")
    found = [
        {**each, "same": release.chart_version if _is_of(release, each) else ""}
        for each in search_charts(request.user, request.GET["search"][:200])
    ]
    context = {"release": release, "found": found}
    return render_page(request, "charts/choose.html", context)


def _is_of(release: HelmRelease, chart: dict[str, Any]) -> bool:
    """Whether a chart has the name of the release's, and its very version."""
    return chart["name"].rpartition("/")[2] == release.chart and release.chart_version in chart["versions"]


def _release(request: SignedInRequest, pk: UUID) -> HelmRelease:
    return get_object_or_404(release_rows(request.user), pk=pk)


def _chart(request: SignedInRequest, ref: str, version: str) -> tuple[Chosen, ChartArchive]:
    chosen = choose(request.user, ref, version)
    return chosen, obtain(chosen)


def _defaults(archive: ChartArchive) -> dict[str, Any]:
    """The chart's own values, for showing; values.yaml that cannot be read shows none, and Helm will say why."""
    try:
        found = yaml.load(archive.facts["values"], Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
