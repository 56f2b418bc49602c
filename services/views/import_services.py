"""Importing services in the browser: choose a source, see the plan, confirm."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from clusters.errors import ApiRefused, ClusterUnreachable
from clusters.models import Cluster
from services import commands
from services.forms import FileImportForm, LiveImportForm
from services.importing.plan import ImportPlan
from services.lookups import cluster_named
from services.views.services import why_not_in_any_team
from web.errors import Invalid
from web.forms import tell
from web.fragments import render_page


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def import_services(request: SignedInRequest) -> HttpResponse:
    """The sources; after the first post the plan, after the second, which says `step=import`, what was done."""
    source = request.POST.get("source", "")
    clusters = list(Cluster.objects.visible_to(request.user).exclude(uid="").values_list("name", flat=True))
    live = LiveImportForm(request.POST if source == "cluster" else None, clusters=clusters, initial=request.GET.dict())
    file = FileImportForm(request.POST if source == "yaml" else None)
    form: LiveImportForm | FileImportForm = file if source == "yaml" else live
    context = {
        "live": live,
        "file": file,
        "form": form,
        "source": source,
        "has_clusters": bool(clusters),
        "why_not": why_not_in_any_team(request, "service.import"),
    }
    if form.is_valid():
        is_done = request.POST.get("step") == "import"
        try:
            context |= {"plan": _plan(request, form, dry_run=not is_done), "is_done": is_done}
        except (Invalid, ClusterUnreachable, ApiRefused) as error:
            tell(form, error)
    return render_page(request, "services/import.html", context, status=422 if form.errors else 200)


def _plan(request: SignedInRequest, form: LiveImportForm | FileImportForm, *, dry_run: bool) -> ImportPlan:
    typed = form.cleaned_data
    if isinstance(form, FileImportForm):
        return commands.import_yaml(request.user, typed["yaml"], dry_run=dry_run)
    cluster = cluster_named(request.user, typed["cluster"])
    return commands.import_live(request.user, cluster, typed["namespace"], dry_run=dry_run)
