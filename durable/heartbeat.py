"""Signs of life of the processes that serve no pages: worker and watcher."""

from __future__ import annotations

from durable import alive
from durable.clock import DbNow, database_time
from durable.models import Heartbeat


def beat(name: str) -> None:
    """Note that `name` is alive now, for everybody and for the probe of this process."""
    if not Heartbeat.objects.filter(name=name).update(at=DbNow()):
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, at=database_time())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )
    alive.show(name)


def age(name: str) -> float | None:
    """Seconds since `name` was last alive, None when it never was."""
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return (database_time() - at).total_seconds() if at else None
