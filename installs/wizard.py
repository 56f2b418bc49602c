"""Where an install is on its way from hosts to a cluster: the six steps, which are done, and the page of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from installs.models import Install, InstallHost, InstallRun

if TYPE_CHECKING:
    from accounts.models import User


def installs_on_their_way(user: User) -> QuerySet[Install]:
    """The installs that a person may see, each with `has_hosts` and with `made_by`, the last run that makes it."""
    making = InstallRun.objects.filter(install=OuterRef("pk"), kind=InstallRun.Kind.INSTALL).order_by("-created_at")
    return (
        Install.objects.visible_to(user)
        .select_related("cluster", "created_by")
        .defer("secrets")
        .annotate(
            has_hosts=Exists(InstallHost.objects.filter(install=OuterRef("pk"))),
            made_by=Subquery(making.values("pk")[:1]),
            making_state=Subquery(making.values("state")[:1]),
        )
    )


def track(install: Any, at: str) -> list[dict[str, str]]:
    """The steps for the `steps_track` part; `at` is the one whose page this is. None: an install not yet saved."""
    done = _done(install)
    return [
        {"title": title, "url": "" if name == at else url, "state": "now" if name == at else _state(name, done)}
        for name, title, url in _steps(install)
    ]


def page_to_go_on(install: Any) -> str:
    """The page of the first step that is not done."""
    done = _done(install)
    steps = [(name, url) for name, _title, url in _steps(install) if url]
    return next((url for name, url in steps if name not in done), steps[-1][1])


def _state(name: str, done: set[str]) -> str:
    return "done" if name in done else "failed" if f"{name} failed" in done else "next"


def _done(install: Any) -> set[str]:
    if install is None:
        return set()
    made = install.making_state or ""
    facts = {
        "hosts": install.has_hosts,
        "checks": install.checked_at is not None or bool(made),
        "network": bool(install.config.get("bundle") or install.config.get("package_repository") or made),
        "review": bool(made),
        "run": made == InstallRun.State.SUCCEEDED,
        "run failed": made in (InstallRun.State.FAILED, InstallRun.State.CANCELLED),
        "cluster": install.cluster_id is not None,
    }
    return {name for name, is_so in facts.items() if is_so}


def _steps(install: Any) -> list[tuple[str, str, str]]:
    """Name, title and page of each step; no page where there is nothing to see yet."""

    def page(name: str) -> str:
        return reverse(f"installs:{name}", args=[install.pk]) if install is not None else ""

    run = reverse("installs:run", args=[install.pk, install.made_by]) if install is not None and install.made_by else ""
    return [
        ("hosts", _("Hosts"), page("hosts")),
        ("checks", _("Checks"), page("checks")),
        ("network", _("Version and network"), page("network")),
        ("review", _("Review"), page("review")),
        ("run", _("Run"), run),
        ("cluster", _("Cluster"), page("install") if run else ""),
    ]
