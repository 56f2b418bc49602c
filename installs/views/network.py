"""The third step: the version, where it comes from, and the networks of the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest
from accounts.permissions import why_not
from installs import commands
from installs.bundle import Bundle
from installs.bundles import bundles_there
from installs.forms import OWN_WORDS, NetworkForm
from installs.models import Install, InstallHost
from installs.network_conflicts import conflicts
from installs.shapes import Config
from installs.views.hosts import version_of
from installs.views.reach import for_admins, install_at
from installs.views.told import told
from installs.wizard import track
from web.forms import refusals_on
from web.fragments import render_page, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@for_admins
def network(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The form. Each button saves what is typed; what cannot be saved stays typed when one goes back for a while."""
    install = install_at(request, pk)
    bundles = bundles_there()
    typed_before = _Unsaved(request, install)
    data = request.POST if request.method == "POST" else typed_before.take()
    form = NetworkForm(data or None, bundles=bundles, initial=NetworkForm.typed_from(install.config))
    do = request.POST.get("do", "save")
    if request.method == "POST":
        if form.is_valid() and not _in_the_way(form, install, bundles):
            with refusals_on(form):
                commands.edit_install(request.user, install, config=form.config(), version=version_of(request, install))
        if not form.errors:
            return _go_on(request, install, do)
        if do == "back":
            typed_before.keep()
            return see_other(reverse("installs:checks", args=[install.pk]))
    context = {
        "install": install,
        "wizard": track(install, "network"),
        "form": form,
        "version": install.version,
        "bundles": bundles,
        "why_not": why_not(request.user, "install.edit", None),
    }
    return render_page(request, "installs/network.html", context, status=422 if request.method == "POST" else 200)


def _in_the_way(form: NetworkForm, install: Install, bundles: Sequence[Bundle]) -> bool:
    """Put what overlaps, has too little room or cannot be had at its field; whether there was anything."""
    bundle = next((one for one in bundles if one.name == form.cleaned_data["bundle"]), None)
    cni, version = form.cleaned_data["cni"], form.cleaned_data["kubernetes_version"].strip()
    if cni not in OWN_WORDS and (bundle is None or bundle.manifest(cni) is None):
        form.add_error("cni", _("It comes with an offline bundle that has it. Choose one, your own manifest, or none."))
    if bundle and bundle.kubernetes_version != f"v{version.removeprefix('v')}":
        words = {"bundle": bundle.name, "version": bundle.kubernetes_version}
        form.add_error("kubernetes_version", _("The bundle %(bundle)s has %(version)s.") % words)
    hosts = {row.name: row.facts for row in install.hosts.exclude(role=InstallHost.Role.JUMP).only("name", "facts")}
    typed = form.cleaned_data
    wanted = Config(install.name, "", typed["pod_cidr"].strip(), typed["service_cidr"].strip())
    for field, sentence in conflicts(wanted, hosts, len(hosts)):
        form.add_error(field, sentence)
    return bool(form.errors)


def _go_on(request: SignedInRequest, install: Install, do: str) -> HttpResponse:
    """To where the button leads. What the hosts were not checked against yet is checked before the review."""
    checks = reverse("installs:checks", args=[install.pk])
    if do == "back":
        return see_other(checks)
    if do != "next":
        messages.success(request, _("The draft is saved."), extra_tags="ok")
        return see_other(reverse("installs:network", args=[install.pk]))
    if install.checked_at is not None:
        return see_other(reverse("installs:review", args=[install.pk]))
    with told(request):
        commands.preflight(request.user, install)
        messages.info(request, _("Saved. The hosts are checked against it now; the review comes next."))
    return see_other(f"{checks}?then=review")


class _Unsaved:
    """What was typed and could not be saved yet, kept in the person's session until the page is opened again."""

    def __init__(self, request: SignedInRequest, install: Install) -> None:
        self._request = request
        self._key = f"install-typed:{install.pk}"

    def keep(self) -> None:
        """Remember the posted fields."""
        typed = {name: self._request.POST.get(name, "") for name in NetworkForm.base_fields}
        self._request.session[self._key] = typed

    def take(self) -> dict[str, str] | None:
        """What was remembered, once."""
        kept: dict[str, str] | None = self._request.session.get(self._key)
        if kept is not None:
            del self._request.session[self._key]
        return kept
