"""The kinds that are watched on every cluster. Secrets and ConfigMaps are not, and never are.

Leases are not watched either: they change every few seconds by design, which would be most of all writes; the health
check reads the few it needs when it needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clusters.observe.slim import events, network, nodes, pods, workloads
from clusters.observe.slim.parts import Raw, Slim


@dataclass(frozen=True, slots=True)
class Kind:
    """A watched kind: its name as in manifests, the path that lists it in all namespaces, and its slim form."""

    name: str
    path: str
    slim: Callable[[Raw], Slim]


KINDS: tuple[Kind, ...] = (
    Kind("Namespace", "/api/v1/namespaces", nodes.namespace),
    Kind("Node", "/api/v1/nodes", nodes.node),
    Kind("Deployment", "/apis/apps/v1/deployments", workloads.deployment),
    Kind("ReplicaSet", "/apis/apps/v1/replicasets", workloads.replica_set),
    Kind("Pod", "/api/v1/pods", pods.pod),
    Kind("StatefulSet", "/apis/apps/v1/statefulsets", workloads.stateful_set),
    Kind("DaemonSet", "/apis/apps/v1/daemonsets", workloads.daemon_set),
    Kind("Service", "/api/v1/services", network.service),
    Kind("EndpointSlice", "/apis/discovery.k8s.io/v1/endpointslices", network.endpoint_slice),
    Kind("HorizontalPodAutoscaler", "/apis/autoscaling/v2/horizontalpodautoscalers", workloads.autoscaler),
    Kind("ResourceQuota", "/api/v1/resourcequotas", nodes.resource_quota),
    Kind("Event", "/api/v1/events", events.event),
)

BY_NAME = {kind.name: kind for kind in KINDS}
