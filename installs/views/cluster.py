"""The last step: the cluster that was made, its nodes, and what is done to it from then on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import SignedInRequest
from accounts.permissions import why_not
from clusters import queries as of_clusters
from installs import commands
from installs.bundles import bundles_there, next_bundle
from installs.hosts_form import HostsEditor
from installs.models import Install, InstallHost, InstallRun
from installs.views.reach import for_admins, install_at
from installs.views.review import plan_of, stages_of
from installs.wizard import page_to_go_on, track
from web.errors import SlipwayError
from web.filters import flag
from web.fragments import is_htmx, render_page, see_other

VERBS = ("add_nodes", "remove_node", "upgrade", "renew_certificates", "reset", "remove", "edit")
SHOWN_RUNS = 20
VALIDITIES = {
    "server_certificate": gettext_lazy("API server's certificate"),
    "client_certificate": gettext_lazy("Client certificate"),
    "token": gettext_lazy("Token of Slipway"),
}


@require_safe
@for_admins
def install(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The cluster with its hosts and runs. A draft has none yet: its next step is shown instead."""
    found = install_at(request, pk)
    if not found.made_by and not is_htmx(request):
        return see_other(page_to_go_on(found))
    info = of_clusters.info(found.cluster) if found.cluster else None
    health = of_clusters.health(found.cluster) if found.cluster else None
    nodes = {row["name"]: row for row in info["nodes"]} if info else {}
    runs = list(found.runs.select_related("created_by")[:SHOWN_RUNS])
    validities = health["validities"] if health else []
    context = {
        "install": found,
        "wizard": track(found, "cluster"),
        "topics": f"install:{found.pk}" + (f",cluster:{found.cluster.name}" if found.cluster else ""),
        "info": info,
        "health": health,
        "validities": [_validity(row) for row in validities],
        "hosts": [_host(row, nodes.get(row.name)) for row in found.hosts.defer("credential", "facts")],
        "runs": runs,
        "running": next((run for run in runs if not run.has_ended), None),
        "why_not": {verb: why_not(request.user, f"install.{verb}", None) for verb in VERBS},
    }
    return render_page(request, "installs/cluster.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def add_nodes(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Machines that join: the same rows as in the first step, empty."""
    found = install_at(request, pk)
    editor = HostsEditor.typed(request.POST) if request.method == "POST" else HostsEditor.of([])
    if request.method != "POST":
        editor.rows[0].role = InstallHost.Role.WORKER.value
    do, status = request.POST.get("do", ""), 200
    if do == "add_nodes":
        try:
            run = commands.add_nodes(request.user, found, editor.hosts())
            return see_other(reverse("installs:run", args=[found.pk, run.pk]))
        except SlipwayError as error:
            if error.status >= 500:
                raise
            editor.put(error.fields.get("errors") or [{"pointer": "", "detail": error.detail}])
            editor.errors += [error.next] if error.next else []
            status = error.status
    elif do:
        editor.change(do)
    context = {"install": found, "editor": editor, "why_not": why_not(request.user, "install.add_nodes", None)}
    return render_page(request, "installs/add_nodes.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def remove_node(request: SignedInRequest, pk: UUID, host: str) -> HttpResponse:
    """Cordon, drain, delete and reset one node, or with `?gone=true` forget one whose machine is no more. Its name is
    typed to confirm."""
    found = install_at(request, pk)
    row = get_object_or_404(found.hosts, name=host)
    is_gone = flag(request.GET, "gone")

    def ask() -> InstallRun:
        typed = request.POST.get("confirm", "").strip()
        return commands.remove_node(request.user, found, row.name, typed_name=typed, is_gone=is_gone)

    at = reverse("installs:remove_node", args=[found.pk, row.name])
    words = {
        "verb": "remove_node",
        "word": row.name,
        "title": _("Remove node %(name)s") % {"name": row.name},
        "label": _("Drain and remove %(name)s") % {"name": row.name},
        "text": _(
            "The node takes no new Pods, those on it move as their disruption budgets allow, it leaves the cluster, "
            "and kubeadm resets the machine."
        ),
        "other_url": f"{at}?gone=true",
        "other_label": _("Its machine is gone"),
    }
    if is_gone:
        words |= {
            "title": _("Remove node %(name)s, whose machine is gone") % {"name": row.name},
            "label": _("Forget %(name)s") % {"name": row.name},
            "text": _(
                "Nothing is tried on the machine: another control plane takes it out of etcd and deletes its node, and "
                "what ran there starts elsewhere. If it may come back, keep it off the network or set it up anew: it "
                "still takes itself for a node."
            ),
            "other_url": at,
            "other_label": _("It still answers: drain and reset it"),
        }
    return _confirmed(request, found, ask, words)


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def reset(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Undo the install on all hosts; its name is typed to confirm."""
    found = install_at(request, pk)

    def ask() -> InstallRun:
        return commands.reset_install(request.user, found, typed_name=request.POST.get("confirm", "").strip())

    words = {
        "verb": "reset",
        "word": found.name,
        "title": _("Reset %(name)s") % {"name": found.name},
        "label": _("Reset all hosts of %(name)s") % {"name": found.name},
        "text": _(
            "kubeadm resets every host: all Pods end, and etcd with everything that is stored in the cluster is "
            "deleted. This cannot be undone. The hosts and settings of the install stay."
        ),
    }
    return _confirmed(request, found, ask, words)


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def remove(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Forget an install with its credentials and logs; nothing is done to the hosts."""
    found = install_at(request, pk)
    words = {
        "verb": "remove",
        "word": found.name,
        "title": _("Remove install %(name)s") % {"name": found.name},
        "label": _("Remove the install"),
        "text": _(
            "Its hosts, their credentials, checks and logs are forgotten. Nothing is done to the machines, and a "
            "cluster that was registered stays registered."
        ),
    }

    def ask() -> None:
        commands.remove_install(request.user, found)

    return _confirmed(request, found, ask, words, is_typed_here=True)


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def upgrade(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """A version, one minor further at most, and the button that starts."""
    found = install_at(request, pk)
    typed = {name: request.POST.get(name, "").strip() for name in ("kubernetes_version", "bundle")}
    now = found.config.get("kubernetes_version", "")
    if request.method != "POST" and found.config.get("bundle") and (bundle := next_bundle(now)):
        typed = {"kubernetes_version": bundle.kubernetes_version, "bundle": bundle.name}
    refusal: SlipwayError | None = None
    if request.method == "POST":
        try:
            run = commands.upgrade_install(request.user, found, typed["kubernetes_version"], bundle=typed["bundle"])
            return see_other(reverse("installs:run", args=[found.pk, run.pk]))
        except SlipwayError as error:
            if error.status >= 500:
                raise
            refusal = error
    context = {
        "install": found,
        "typed": typed,
        "now": now,
        "bundles": bundles_there(),
        "refusal": refusal,
        "why_not": why_not(request.user, "install.upgrade", None),
    }
    return render_page(request, "installs/upgrade.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def renew_certificates(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """What would be renewed, and the button."""
    found = install_at(request, pk)
    refusal: SlipwayError | None = None
    if request.method == "POST":
        try:
            run = commands.renew_certificates(request.user, found)
            return see_other(reverse("installs:run", args=[found.pk, run.pk]))
        except SlipwayError as error:
            if error.status >= 500:
                raise
            refusal = error
    steps, plan_refused = plan_of(found, "certificates")
    context = {
        "install": found,
        "stages": stages_of(steps),
        "plan_refused": plan_refused,
        "refusal": refusal,
        "why_not": why_not(request.user, "install.renew_certificates", None),
    }
    return render_page(request, "installs/certificates.html", context, status=refusal.status if refusal else 200)


def _confirmed(
    request: SignedInRequest, found: Install, ask: Any, words: dict[str, str], *, is_typed_here: bool = False
) -> HttpResponse:
    """The page that says what goes and asks for a name; `is_typed_here`: the command does not ask for it itself."""
    refusal: SlipwayError | None = None
    wrong = ""
    if request.method == "POST" and is_typed_here and request.POST.get("confirm", "").strip() != words["word"]:
        wrong = _("Type %(word)s to confirm.") % {"word": words["word"]}
    elif request.method == "POST":
        try:
            run = ask()
            if run is None:
                messages.success(request, _("%(name)s is removed.") % {"name": found.name}, extra_tags="ok")
                return see_other("installs:installs")
            return see_other(reverse("installs:run", args=[found.pk, run.pk]))
        except SlipwayError as error:
            if error.status >= 500:
                raise
            refusal = error
    context = {
        "install": found,
        **words,
        "wrong": wrong,
        "refusal": refusal,
        "why_not": why_not(request.user, f"install.{words['verb']}", None),
    }
    status = refusal.status if refusal else 422 if wrong else 200
    return render_page(request, "installs/confirm.html", context, status=status)


def _validity(row: dict[str, Any]) -> dict[str, Any]:
    """How long something of the cluster's access is good for, with what people call it."""
    title = VALIDITIES.get(row["of"], row["of"])
    return {**row, "title": title, "until": parse_datetime(row["expires_at"])}


def _host(row: InstallHost, node: dict[str, Any] | None) -> dict[str, Any]:
    """A host with the node that the cluster shows of it, if any."""
    known = {True: "ready", False: "not_ready"}
    state = known.get(node["ready"], "unknown") if node else "unknown"
    return {"row": row, "node": node, "state": state}
