"""Registering a cluster and giving it new credentials: both try the connection and show each step of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import require
from clusters.commands.check import STEPS, StepResult
from clusters.commands.register import check_cluster, register_cluster
from clusters.commands.rotate import rotate_credentials
from clusters.connection.kubeconfig import contexts_of
from clusters.errors import ClusterRefused
from clusters.forms import RegisterForm, SourceForm, show_refusal
from clusters.views.visible import visible_cluster
from web.errors import Conflict, Invalid, PreconditionFailed
from web.fragments import render_page, see_other

_REFUSALS = (ClusterRefused, Invalid, Conflict, PreconditionFailed)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def register(request: SignedInRequest) -> HttpResponse:
    """The form of a new cluster: `do=check` tries it out and shows the steps, `do=register` saves it as well."""
    require(request.user, "cluster.register", None)
    form = RegisterForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method != "POST":
        return render_page(request, "clusters/register.html", context)
    if form.is_valid() and not _must_choose(form, context):
        name = form.cleaned_data["name"].strip()
        try:
            if request.POST.get("do") == "register":
                cluster, _steps = register_cluster(request.user, name, form.source(), **form.values())
                messages.success(request, _("%(name)s is registered.") % {"name": name}, extra_tags="ok")
                return see_other(cluster)
            check = check_cluster(request.user, name, form.source())
            context |= {"steps": _shown(check.steps), "passed": check.facts is not None}
            if check.refusal:
                show_refusal(form, check.refusal)
        except _REFUSALS as error:
            _show(form, error, context)
    return render_page(request, "clusters/register.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def rotate(request: SignedInRequest, name: str) -> HttpResponse:
    """The form of new credentials; they are checked before the old ones go."""
    cluster = visible_cluster(request.user, name)
    require(request.user, "cluster.rotate", None)
    initial = {
        "api_url": cluster.api_url if cluster.credential_kind == "token" else "",
        "ca_data": cluster.ca_data if cluster.credential_kind == "token" else "",
        "tls_server_name": cluster.tls_server_name,
        "allow_private_address": cluster.allow_private_address,
        "insecure_skip_tls_verify": cluster.insecure_skip_tls_verify,
    }
    form = SourceForm(request.POST or None, initial=initial)
    context: dict[str, Any] = {"form": form, "cluster": cluster}
    if request.method == "POST" and form.is_valid() and not _must_choose(form, context):
        try:
            rotate_credentials(request.user, cluster, form.source())
            messages.success(request, _("%(name)s has new credentials.") % {"name": name}, extra_tags="ok")
            return see_other(cluster)
        except _REFUSALS as error:
            _show(form, error, context)
    return render_page(request, "clusters/rotate.html", context, status=422 if form.errors else 200)


def _must_choose(form: SourceForm, context: dict[str, Any]) -> bool:
    """Offer the contexts of a kubeconfig that has several; True when none of them has been chosen yet."""
    text = form.cleaned_data.get("kubeconfig", "")
    if not text.strip():
        return False
    try:
        contexts = contexts_of(text)
    except ClusterRefused as error:
        _show(form, error, context)
        return True
    if len(contexts) < 2:
        return False
    had_chosen = any(each.name == form.cleaned_data.get("context") for each in contexts)
    form.offer(contexts)
    context["chooses_context"] = True
    return not had_chosen


def _show(
    form: SourceForm, error: ClusterRefused | Invalid | Conflict | PreconditionFailed, context: dict[str, Any]
) -> None:
    show_refusal(form, error)
    if isinstance(error, ClusterRefused) and error.steps:
        context["steps"] = [{**step, "title": STEPS[step["name"]]} for step in error.steps]


def _shown(steps: Sequence[StepResult]) -> list[dict[str, Any]]:
    return [
        {"name": step.name, "title": step.title, "status": step.status, "detail": step.detail, "next": step.next}
        for step in steps
    ]
