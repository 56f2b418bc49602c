"""Editing and removing a cluster in the browser."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import require
from clusters.commands.edit import edit_cluster
from clusters.commands.remove import remove_cluster
from clusters.errors import ClusterInUse
from clusters.forms import EditForm, show_refusal
from clusters.removal import what_blocks_removal
from clusters.views.visible import visible_cluster
from web.errors import Conflict, Invalid, PreconditionFailed
from web.fragments import render_page, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, name: str) -> HttpResponse:
    """The form of what people say about a cluster."""
    cluster = visible_cluster(request.user, name)
    require(request.user, "cluster.edit", None)
    form = EditForm(request.POST or None, initial=EditForm.initial_of(cluster))
    if request.method == "POST" and form.is_valid():
        # The version that was read with the form: a save over somebody else's edit is refused.
        cluster.version = form.cleaned_data["version"]
        try:
            return see_other(edit_cluster(request.user, cluster, **form.values()))
        except (Conflict, Invalid, PreconditionFailed) as error:
            show_refusal(form, error)
    context = {"cluster": cluster, "form": form}
    return render_page(request, "clusters/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Says what stands in the way; without that asks for the cluster's name and forgets it."""
    cluster = visible_cluster(request.user, name)
    require(request.user, "cluster.remove", None)
    context = {"cluster": cluster, "blockers": _shown(what_blocks_removal(cluster)), "wrong": ""}
    if request.method == "POST":
        if request.POST.get("confirm", "").strip() != cluster.name:
            context["wrong"] = _("Type the name of the cluster to confirm.")
            return render_page(request, "clusters/remove.html", context, status=422)
        try:
            remove_cluster(request.user, cluster)
        except ClusterInUse as error:
            context["blockers"] = _shown(error.fields["blocked_by"])
            return render_page(request, "clusters/remove.html", context, status=409)
        messages.success(request, _("%(name)s is removed.") % {"name": name}, extra_tags="ok")
        return see_other(reverse("clusters"))
    return render_page(request, "clusters/remove.html", context)


def _shown(blockers: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Each blocker by its name; a room that gives none is shown by service or id."""
    return [
        {
            "kind": str(blocker.get("kind", "")),
            "label": str(blocker.get("name") or blocker.get("service") or blocker.get("id", "")),
        }
        for blocker in blockers
    ]
