"""Fixtures that abuse tests share with the room they attack."""

from tests.clusters.faulty import authority, door_to, serve

__all__ = ["authority", "door_to", "serve"]
