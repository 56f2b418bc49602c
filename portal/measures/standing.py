"""What the database says about the whole installation. Web processes all say the same: take the highest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.db.models import Count, Max, Q
from prometheus_client.core import GaugeMetricFamily

from audit.models import Entry
from audit.queries import last_verification
from clusters.models import WatchState
from deployments.models import Release
from durable.clock import database_time
from durable.models import Heartbeat
from sinks.queries import most_behind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric


class Standing:
    """Read at each scrape: some short statements."""

    def describe(self) -> list[Metric]:
        """Nothing is asked of the database when this is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of now; only `slipway_database_up` 0 when the database does not answer."""
        up = GaugeMetricFamily("slipway_database_up", "Whether the database answered this scrape.")
        try:
            found = list(_figures())
        except DatabaseError:
            found = []
        up.add_metric([], 1 if found else 0)
        yield up
        yield from found


def _figures() -> Iterator[Metric]:
    now = database_time()
    active = GaugeMetricFamily("slipway_releases_active", "Releases that have not ended.", labels=["status"])
    for status, count in Release.objects.active().values_list("status").annotate(Count("pk")).order_by():
        active.add_metric([status], count)
    yield active
    free = Q(lease_owner="") | Q(lease_until__lte=now)
    due = Release.objects.active().filter(free, wake_at__lte=now).count()
    yield GaugeMetricFamily("slipway_releases_due", "Releases whose time has come and that nobody holds.", due)
    lag = GaugeMetricFamily(
        "slipway_watch_lag_seconds", "Since the cluster last answered its watcher.", labels=["cluster"]
    )
    for name, heard in WatchState.objects.values_list("cluster__name").annotate(Max("contact_at")).order_by():
        if heard:
            lag.add_metric([name], (now - heard).total_seconds())
    yield lag
    life = GaugeMetricFamily(
        "slipway_heartbeat_age_seconds", "Since any process of a kind was alive.", labels=["process"]
    )
    for name, at in Heartbeat.objects.values_list("name", "at"):
        life.add_metric([name], (now - at).total_seconds())
    yield life
    open_entries = Entry.objects.filter(hash="").count()
    yield GaugeMetricFamily("slipway_audit_unsealed", "Audit entries that are not in the chain yet.", open_entries)
    if verified := last_verification():
        yield GaugeMetricFamily(
            "slipway_audit_chain_valid",
            "Whether the latest look found the audit log as it was written.",
            verified.valid,
        )
        since = (now - verified.at).total_seconds()
        yield GaugeMetricFamily("slipway_audit_verified_seconds", "Since the audit log was last looked at.", since)
    yield GaugeMetricFamily(
        "slipway_audit_sinks_behind", "Audit entries that the slowest sink does not have yet.", most_behind()
    )
