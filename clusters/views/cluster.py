"""The page of one cluster, and looking at it anew."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import ANYWHERE, may_in_any_team, why_not
from clusters import queries
from clusters.checkup import STALE_SECONDS
from clusters.commands.refresh import refresh_cluster
from clusters.grants import namespaces_for
from clusters.models import Cluster
from clusters.slots import slots_of
from clusters.views.visible import visible_cluster, why_not_each
from web import ago
from web.crumbs import Switch
from web.fragments import render_page, see_other

_GIB = 1024**3
_EVENTS_SHOWN = 20
_CLUSTERS_BESIDE = 20
_NAMESPACES_SHOWN = 50
_NAMESPACES_AT_MOST = 500
_WARN_DAYS = 30
_VALIDITIES = {
    "server_certificate": gettext_lazy("API server's certificate"),
    "client_certificate": gettext_lazy("Client certificate"),
    "token": gettext_lazy("Token"),
}
_SOURCES = {
    "probe": gettext_lazy("asked itself"),
    "lease": gettext_lazy("its leader lease"),
    "pod": gettext_lazy("its Pods"),
    "node": gettext_lazy("its nodes"),
    "inferred": gettext_lazy("inferred"),
    "none": gettext_lazy("nothing"),
}
# Words for what a capability is; the API keeps their short names.
_CAPABILITIES = {
    "istio": "Istio",
    "gateway_api": "Gateway API",
    "metrics_api": "Metrics API",
    "cert_manager": "cert-manager",
}


@require_safe
@signed_in
def cluster(request: SignedInRequest, name: str) -> HttpResponse:
    """Seven components with their evidence, versions, nodes, namespaces; with `?namespace=` what runs in one."""
    found = visible_cluster(request.user, name)
    only = namespaces_for(request.user, found)
    info, health = queries.info(found), queries.health(found)
    context = {
        "cluster": found,
        "switch": _other_clusters(request, found),
        "health": health,
        "components": [_component(row, found) for row in health["components"]],
        "heard": ago.words(found.last_seen_at, timezone.now()) if found.last_seen_at else "",
        "stale_after_seconds": STALE_SECONDS,
        "info": info,
        "nodes": [_node(row) for row in info["nodes"]],
        "total": _capacity(info["requested"], info["allocatable"]),
        "validities": [_validity(row) for row in health["validities"]],
        "credential": queries.credential(found),
        **_namespaces(
            found,
            only,
            info["allocatable"],
            request.GET.get("namespace", ""),
            shows_all=request.GET.get("namespaces") == "all",
        ),
        "capabilities": _capabilities(found),
        "missing_rights": found.capabilities.get("missing_rights") or [],
        "why_not": why_not_each(request.user),
        "why_not_refresh": _why_not_refresh(request, found),
        "standing_slots": slots_of(request.user, found),
        **_inside(found, request.GET.get("namespace", ""), only),
    }
    return render_page(request, "clusters/cluster.html", context)


@require_POST
@signed_in
def refresh(request: SignedInRequest, name: str) -> HttpResponse:
    """Ask the cluster now, then show it."""
    found = refresh_cluster(request.user, visible_cluster(request.user, name))
    if found.status == Cluster.Status.CONNECTED:
        messages.success(request, _("%(name)s answered: %(version)s.") % _words(found), extra_tags="ok")
    else:
        messages.info(request, _("%(name)s did not answer: %(why)s") % _words(found), extra_tags="unknown")
    return see_other(found)


def _other_clusters(request: SignedInRequest, found: Cluster) -> Switch:
    names = Cluster.objects.visible_to(request.user).order_by("name").values_list("name", flat=True)[:_CLUSTERS_BESIDE]
    choices = [(name, reverse("cluster", args=[name]), name == found.name) for name in names]
    return Switch(found.get_absolute_url(), _("Another cluster"), choices)


def _words(found: Cluster) -> dict[str, str]:
    return {"name": found.name, "version": found.kubernetes_version, "why": found.status_message}


def _inside(found: Cluster, namespace: str, only: set[str] | None) -> dict[str, Any]:
    if not namespace:
        return {"namespace": ""}
    if only is not None and namespace not in only:
        return {"namespace": "", "refused_namespace": namespace}
    events = queries.events(found, namespace, only=only, limit=_EVENTS_SHOWN)
    return {
        "namespace": namespace,
        "workloads": queries.workloads(found, namespace, only=only),
        "events": {**events, "results": [_event(row) for row in events["results"]]},
    }


def _namespaces(
    found: Cluster, only: set[str] | None, allocatable: dict[str, Any], current: str, *, shows_all: bool
) -> dict[str, Any]:
    """Those that ask for most first, the rest on request: a cluster may have thousands."""
    answer = queries.namespaces(found, only=only)
    rows = sorted(answer["results"], key=lambda row: (-row["requested"]["cpu_millis"], -row["pods"], row["name"]))
    shown = rows[: _NAMESPACES_AT_MOST if shows_all else _NAMESPACES_SHOWN]
    results = [
        {**row, **_capacity(row["requested"], allocatable), "limits": _capacity(row["limits"], {})} for row in shown
    ]
    address = found.get_absolute_url()
    names = sorted(row["name"] for row in shown)
    places = [(name, f"{address}?{urlencode({'namespace': name})}#inside", name == current) for name in names]
    return {
        "namespaces": {**answer, "results": results},
        "namespaces_left": 0 if shows_all else len(rows) - len(shown),
        "sees_all_namespaces": only is None,
        "namespace_switch": Switch("", _("Another namespace"), places),
    }


def _validity(row: dict[str, Any]) -> dict[str, Any]:
    days = row["days_left"]
    kind = "bad" if days < 0 else "hold" if days < _WARN_DAYS else ""
    return {**row, "title": _VALIDITIES[row["of"]], "kind": kind, "until": parse_datetime(row["expires_at"])}


def _component(row: dict[str, Any], found: Cluster) -> dict[str, Any]:
    # A cluster that is out of contact is no alarm: whether its API server is down or only the way to it, nobody knows.
    if found.status == Cluster.Status.UNREACHABLE and row["status"] == "unhealthy":
        row = {**row, "status": found.status}
    observed_at = row["observed_at"]
    seen = parse_datetime(observed_at) if isinstance(observed_at, str) else observed_at
    return {**row, "seen": seen, "source_title": _SOURCES.get(row["source"], row["source"])}


def _event(row: dict[str, Any]) -> dict[str, Any]:
    involved = row["involved"]
    return {**row, "object": f"{involved.get('kind', '')} {involved.get('name', '')}".strip()}


def _node(row: dict[str, Any]) -> dict[str, Any]:
    state = {True: "ready", False: "not_ready"}.get(row["ready"], "unknown")
    return {**row, "state": state, **_capacity(row["requested"], row["allocatable"])}


def _capacity(requested: dict[str, Any], allocatable: dict[str, Any]) -> dict[str, Any]:
    """Cores, GiB and Pods, asked for and to be had."""
    return {
        "cpu_used": round((requested.get("cpu_millis") or 0) / 1000, 2),
        "cpu_total": round((allocatable.get("cpu_millis") or 0) / 1000, 2),
        "memory_used": round((requested.get("memory_bytes") or 0) / _GIB, 2),
        "memory_total": round((allocatable.get("memory_bytes") or 0) / _GIB, 2),
        "pods_used": requested.get("pods") or 0,
        "pods_total": allocatable.get("pods") or 0,
    }


def _capabilities(found: Cluster) -> list[dict[str, Any]]:
    return [
        {"title": title, "version": found.capabilities.get(name) or "", "is_known": name in found.capabilities}
        for name, title in _CAPABILITIES.items()
    ]


def _why_not_refresh(request: SignedInRequest, found: Cluster) -> str:
    if may_in_any_team(request.user, "cluster.refresh", found.environment or ANYWHERE):
        return ""
    return why_not(request.user, "cluster.refresh", None)
