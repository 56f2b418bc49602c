"""The only door to an API server. Nothing else in Slipway opens a connection to a cluster."""

from clusters.connection.door import Door
from clusters.connection.doors import connect, endpoint, forget
from clusters.connection.endpoint import Endpoint

__all__ = ["Door", "Endpoint", "connect", "endpoint", "forget"]
