"""Fixtures that abuse tests share with the room they attack."""

from tests.clusters.faulty import authority, door_to, serve
from tests.metrics.conftest import prometheus
from tests.notifications.conftest import receiver
from tests.oidc.conftest import acme, openid, provider_process

__all__ = ["acme", "authority", "door_to", "openid", "prometheus", "provider_process", "receiver", "serve"]
