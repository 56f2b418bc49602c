"""Paths of the Kubernetes API: `pod("ns", "name")`, `pods("ns")`, `pods()` for all namespaces.

Names are checked and escaped, so that a name can never reach another object.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote


def _segment(value: str) -> str:
    if not value or value in {".", ".."} or "/" in value or "\\" in value:
        raise ValueError(f"{value!r} cannot be part of an API path")
    return quote(value, safe="")


def _all(prefix: str, plural: str, namespace: str = "") -> str:
    where = f"namespaces/{_segment(namespace)}/" if namespace else ""
    return f"{prefix}/{where}{plural}"


def _one(prefix: str, plural: str, namespace: str, name: str) -> str:
    return f"{_all(prefix, plural, namespace)}/{_segment(name)}"


def _global(prefix: str, plural: str, name: str) -> str:
    return f"{prefix}/{plural}/{_segment(name)}"


CORE = "/api/v1"
APPS = "/apis/apps/v1"
VERSION = "/version"
GROUPS = "/apis"
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

deployment = partial(_one, APPS, "deployments")
deployments = partial(_all, APPS, "deployments")
replicaset = partial(_one, APPS, "replicasets")
replicasets = partial(_all, APPS, "replicasets")
statefulset = partial(_one, APPS, "statefulsets")
statefulsets = partial(_all, APPS, "statefulsets")
daemonset = partial(_one, APPS, "daemonsets")
daemonsets = partial(_all, APPS, "daemonsets")

pod = partial(_one, CORE, "pods")
pods = partial(_all, CORE, "pods")
# Kubernetes Services; a Service of the catalog is not an object of a cluster.
service = partial(_one, CORE, "services")
services = partial(_all, CORE, "services")
secret = partial(_one, CORE, "secrets")
secrets = partial(_all, CORE, "secrets")
events = partial(_all, CORE, "events")
resource_quotas = partial(_all, CORE, "resourcequotas")
limit_ranges = partial(_all, CORE, "limitranges")
namespace = partial(_global, CORE, "namespaces")
namespaces = partial(_all, CORE, "namespaces")
node = partial(_global, CORE, "nodes")
nodes = partial(_all, CORE, "nodes")

lease = partial(_one, "/apis/coordination.k8s.io/v1", "leases")
leases = partial(_all, "/apis/coordination.k8s.io/v1", "leases")
endpoint_slices = partial(_all, "/apis/discovery.k8s.io/v1", "endpointslices")
horizontal_pod_autoscalers = partial(_all, "/apis/autoscaling/v2", "horizontalpodautoscalers")
pod_disruption_budgets = partial(_all, "/apis/policy/v1", "poddisruptionbudgets")
admission_policies = partial(_all, "/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies")
admission_policy_bindings = partial(_all, "/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings")
admission_policy = partial(_global, "/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies")
admission_policy_binding = partial(
    _global, "/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings"
)

NETWORKING = "/apis/networking.k8s.io/v1"
GATEWAY = "/apis/gateway.networking.k8s.io/v1"
ISTIO = "/apis/networking.istio.io/v1"

# The kinds that a release writes to or reads beside its Pods, as manifests name them.
_NAMESPACED = {
    "Deployment": (APPS, "deployments"),
    "ReplicaSet": (APPS, "replicasets"),
    "Service": (CORE, "services"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Ingress": (NETWORKING, "ingresses"),
    "HTTPRoute": (GATEWAY, "httproutes"),
    "GRPCRoute": (GATEWAY, "grpcroutes"),
    "VirtualService": (ISTIO, "virtualservices"),
    "DestinationRule": (ISTIO, "destinationrules"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
}


def of_kind(kind: str, namespace: str, name: str) -> str:
    """The path of one object by its kind. Raises KeyError for a kind that Slipway has no business with."""
    prefix, plural = _NAMESPACED[kind]
    return _one(prefix, plural, namespace, name)


def all_of_kind(kind: str, namespace: str) -> str:
    """The path of all objects of a kind in a namespace; where they are created, too. Raises KeyError as `of_kind`."""
    prefix, plural = _NAMESPACED[kind]
    return _all(prefix, plural, namespace)


def api_version(kind: str) -> str:
    """`apiVersion` of a kind as manifests write it: "apps/v1", "v1"."""
    return _NAMESPACED[kind][0].removeprefix("/apis/").removeprefix("/api/")
