"""What this room puts on the pages of others. A place only names what is fetched: no page waits for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clusters import slots as cluster_slots
from clusters.models import Cluster
from deployments import slots as release_slots
from deployments.models import Release
from services import slots as service_slots
from services.models import Service
from web.slots import Slot

if TYPE_CHECKING:
    from accounts.models import User

TITLE = _("Metrics")


def take_places() -> None:
    """Register all of them; called once, when the apps are ready."""
    service_slots.service_page.append(on_service_page)
    release_slots.release_page.append(on_release_page)
    cluster_slots.cluster_page.append(on_cluster_page)


def on_service_page(_user: User, service: Service) -> Slot | None:
    """The golden signals of the service, once it runs somewhere."""
    if not service.targets.exists():
        return None
    return _slot(reverse("service.metrics", args=[service.name]))


def on_release_page(_user: User, release: Release) -> Slot:
    """New against old Pods, before, during and after the release."""
    return _slot(reverse("release.metrics", args=[release.pk]))


def on_cluster_page(_user: User, cluster: Cluster) -> Slot:
    """What goes on in the namespaces of the cluster."""
    return _slot(reverse("cluster.metrics", args=[cluster.name]))


def _slot(url: str) -> Slot:
    return Slot("metrics", TITLE, "metrics/place.html", {"url": url}, stands_alone=True)
