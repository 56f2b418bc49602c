"""Fixtures of the clusters room."""

from tests.clusters.faulty import authority, door_to, serve

__all__ = ["authority", "door_to", "serve"]
