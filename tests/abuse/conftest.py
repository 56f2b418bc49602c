"""Fixtures that abuse tests share with the room they attack."""

from tests.clusters.faulty import authority, door_to, serve
from tests.metrics.conftest import prometheus
from tests.notifications.conftest import receiver

__all__ = ["authority", "door_to", "prometheus", "receiver", "serve"]
