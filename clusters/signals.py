"""The one signal of the house: how the watcher wakes whoever follows an object on a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.dispatch import Signal

objects_changed = Signal()
"""Sent by the watcher process after it wrote a batch of Observation rows of one cluster.

Once for a batch, not for each object: the forty changes of a roll-out that came together wake its release once.
Keyword arguments: cluster_id (UUID), objects (list of Changed, in the order of their changes).
"""


@dataclass(frozen=True, slots=True)
class Changed:
    """An object whose row is new, different or gone. `namespace` is "" for cluster-wide objects.

    `passing`: nothing is to be done about it, and the next change tells more. A Pod that comes up, serves or goes; a
    Deployment or ReplicaSet that only counts its Pods after a write of Slipway or of the controller manager.
    `whole`: a Deployment or ReplicaSet that has just the Pods it asks for, all of them available.
    `observed`: a Deployment or ReplicaSet whose controller has taken note of a new spec.
    """

    kind: str
    namespace: str
    name: str
    owner_name: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    passing: bool = False
    whole: bool = False
    observed: bool = False
