"""Doors for Celery: one line each."""

from __future__ import annotations

from typing import Any

from celery import shared_task

BEAT: dict[str, dict[str, Any]] = {
    "charts.sweep": {"task": "charts.tasks.sweep", "schedule": 2.0},
    "charts.observe": {"task": "charts.tasks.observe", "schedule": 15.0},
    "charts.refresh_repositories": {"task": "charts.tasks.refresh_repositories", "schedule": 900.0},
    "charts.forget_unused": {"task": "charts.tasks.forget_unused", "schedule": 3600.0},
}


@shared_task(ignore_result=True)
def advance(operation_id: str) -> None:
    """Bring one operation on, as far as it goes without waiting."""
    from charts.operating import advance as bring_on

    bring_on(operation_id)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Hint every operation that is due: the safety net for lost messages and dead workers."""
    from charts.operating import due

    for operation_id in due():
        advance.delay(str(operation_id))


@shared_task(ignore_result=True)
def observe() -> None:
    """Look at the Helm storage of every connected cluster, each in a task of its own."""
    from clusters.models import Cluster

    for cluster_id in Cluster.objects.filter(status=Cluster.Status.CONNECTED).values_list("pk", flat=True):
        observe_cluster.apply_async((str(cluster_id),), expires=15)


@shared_task(ignore_result=True)
def observe_cluster(cluster_id: str) -> None:
    """Look at one."""
    from charts.observing import observe_cluster as look

    look(cluster_id)


@shared_task(ignore_result=True)
def refresh_repositories() -> None:
    """Ask every chart repository what it offers now."""
    from charts.refreshing import refresh_all

    refresh_all()


@shared_task(ignore_result=True)
def forget_unused() -> None:
    """Remove archives that nothing needs."""
    from charts.keeping import forget_unused as remove

    remove()
