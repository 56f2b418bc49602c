"""The one signal of the house: how the watcher wakes whoever follows an object on a cluster."""

from django.dispatch import Signal

object_changed = Signal()
"""Sent by the watcher process after the Observation rows are written.

Keyword arguments: cluster_id (UUID), kind (str, as in manifests), namespace (str, "" for cluster-wide objects), name
(str), owner_name (str, name of the controlling owner or ""), labels (dict[str, str]), deleted (bool).
"""
