"""Finding a chart, looking at it, uploading one, and the repositories that charts come from."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import ANYWHERE, may_in_any_team, require, team_names, why_not
from charts import commands
from charts.archive import MAX_ARCHIVE_BYTES
from charts.errors import RepositoryUnreachable
from charts.forms import RepositoryEditForm, RepositoryForm, UploadForm
from charts.models import ChartRepository
from charts.queries import search_charts, versions_of
from charts.sources import choose, obtain
from web.forms import refusals_on, tell
from web.fragments import render_page, see_other


@require_safe
@signed_in
def find(request: SignedInRequest) -> HttpResponse:
    """Charts of all repositories and uploads, by words."""
    words = request.GET.get("search", "")[:200]
    context = {
        "found": search_charts(request.user, words),
        "words": words,
        "has_repositories": ChartRepository.objects.exists(),
        "may_upload": may_in_any_team(request.user, "chart.upload"),
    }
    return render_page(request, "charts/find.html", context)


@require_safe
@signed_in
def show(request: SignedInRequest) -> HttpResponse:
    """One chart: README, values, dependencies, versions. `?chart=` is what an install takes."""
    chosen = choose(request.user, request.GET.get("chart", ""), request.GET.get("version", ""))
    archive = obtain(chosen)
    context = {
        "chosen": chosen,
        "archive": archive,
        "facts": archive.facts,
        "versions": versions_of(request.user, chosen),
        "why_not": _why_not(request, "helm_release.install", ANYWHERE),
        "install_url": f"{reverse('charts:install')}?{urlencode({'chart': chosen.ref, 'version': chosen.version})}",
    }
    return render_page(request, "charts/show.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upload(request: SignedInRequest) -> HttpResponse:
    """Upload a chart for a team."""
    teams, is_admin = team_names(request.user), request.user.is_admin
    form = UploadForm(request.POST or None, request.FILES or None, teams=teams, is_admin=is_admin)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["chart"]
        made = None
        with refusals_on(form):
            content = file.read(MAX_ARCHIVE_BYTES + 1)
            made, _is_new = commands.upload_chart(request.user, content, team=form.cleaned_data["team"])
        if made is not None:
            query = urlencode({"chart": f"uploads/{made.name}", "version": made.chart_version})
            return see_other(f"{reverse('charts:show')}?{query}")
    context = {"form": form, "why_not": _why_not(request, "chart.upload")}
    return render_page(request, "charts/upload.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def repositories(request: SignedInRequest) -> HttpResponse:
    """Where charts come from, and for admins a form for another one."""
    form = RepositoryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = None
        try:
            with refusals_on(form):
                made = commands.create_repository(request.user, **form.cleaned_data)
        except RepositoryUnreachable as error:
            tell(form, error)
        if made is not None:
            messages.success(request, _("%(name)s is registered.") % {"name": made.name})
            return see_other("charts:repositories")
    context = {
        "repositories": ChartRepository.objects.annotate(chart_count=Count("charts")).defer("secret"),
        "form": form,
        "why_not": why_not(request.user, "chart_repository.create", None),
    }
    return render_page(request, "charts/repositories.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, name: str) -> HttpResponse:
    """Another address or other credentials for a repository."""
    found = get_object_or_404(ChartRepository, name=name)
    require(request.user, "chart_repository.edit", None)
    shown = {field: getattr(found, field) for field in ("url", "allow_private_address", "version")}
    form = RepositoryEditForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        # The version that was read with the form: a save over somebody else's edit is refused.
        found.version = form.cleaned_data["version"]
        changed = None
        try:
            with refusals_on(form):
                changed = commands.edit_repository(request.user, found, **form.values())
        except RepositoryUnreachable as error:
            tell(form, error)
        if changed is not None:
            messages.success(request, _("%(name)s is saved.") % {"name": changed.name}, extra_tags="ok")
            return see_other("charts:repositories")
    context = {"repository": found, "form": form}
    return render_page(request, "charts/edit_repository.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def refresh(request: SignedInRequest, name: str) -> HttpResponse:
    """Ask a repository what it offers now."""
    found = commands.refresh_repository(request.user, get_object_or_404(ChartRepository, name=name))
    if found.status == ChartRepository.Status.READY:
        messages.success(request, _("%(name)s was asked again.") % {"name": found.name})
    else:
        messages.error(request, f"{found.name}: {found.status_message}")
    return see_other("charts:repositories")


@require_POST
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Forget a repository."""
    found = get_object_or_404(ChartRepository, name=name)
    commands.remove_repository(request.user, found)
    messages.success(request, _("%(name)s is removed.") % {"name": name})
    return see_other("charts:repositories")


def _why_not(request: SignedInRequest, permission: str, environment: str = "") -> str:
    """Why the button is not for this person, who has the permission in no team; "" for who has."""
    may = may_in_any_team(request.user, permission, environment)
    return "" if may else why_not(request.user, permission, None)
