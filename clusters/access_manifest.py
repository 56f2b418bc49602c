"""The least rights Slipway needs on a cluster, as rules to check at registration and as YAML to apply beforehand.

Secrets are in no rule: nothing here reads them. The guard is offered beside the rights: it keeps others
from ending an in-place release in a way that would take every old Pod down at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

NAMESPACE = "slipway"
ACCOUNT = "slipway"
GUARD = "slipway-guard"

FEATURES = {
    "observe": gettext_lazy("see workloads, nodes and events"),
    "deploy": gettext_lazy("release to existing Deployments"),
    "steer": gettext_lazy("canary and blue-green releases: a second ReplicaSet, Services and routes"),
    "guard": gettext_lazy("install and remove the guard from the page of the cluster"),
    "rollback": gettext_lazy("see whether what an old revision names is still there and unchanged"),
    "create": gettext_lazy("create Deployments and Services for new targets"),
}
# Without these a cluster is of no use; the others are noted as missing and refused when they are asked for.
NEEDED = frozenset({"observe", "deploy"})


@dataclass(frozen=True)
class Rule:
    """What one feature does to some resources of one API group."""

    feature: str
    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


_READ = ("get", "list", "watch")

_GUARDS = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")

RULES = (
    Rule("observe", "", ("namespaces", "nodes", "pods", "services", "events", "resourcequotas", "limitranges"), _READ),
    Rule("observe", "apps", ("deployments", "replicasets", "statefulsets", "daemonsets"), _READ),
    Rule("observe", "discovery.k8s.io", ("endpointslices",), _READ),
    Rule("observe", "autoscaling", ("horizontalpodautoscalers",), _READ),
    Rule("observe", "coordination.k8s.io", ("leases",), _READ),
    Rule("observe", "policy", ("poddisruptionbudgets",), _READ),
    Rule("deploy", "apps", ("deployments", "replicasets"), ("patch",)),
    # Only dry runs: whether quotas and admission policies would let the new Pods in.
    Rule("deploy", "", ("pods",), ("create",)),
    # Canary and blue-green: the second ReplicaSet, a Service for each version, and the routes between them.
    Rule("steer", "apps", ("replicasets",), ("create", "delete")),
    Rule("steer", "", ("services",), ("create", "patch", "delete")),
    Rule("steer", "admissionregistration.k8s.io", _GUARDS, ("get",)),
    Rule("guard", "admissionregistration.k8s.io", _GUARDS, ("get", "create", "patch", "delete")),
    Rule("steer", "networking.k8s.io", ("ingresses",), ("get", "list", "create", "patch", "delete")),
    Rule("steer", "gateway.networking.k8s.io", ("httproutes", "grpcroutes"), ("get", "list", "patch")),
    Rule("steer", "networking.istio.io", ("virtualservices", "destinationrules"), ("get", "list", "patch")),
    Rule("rollback", "", ("configmaps", "persistentvolumeclaims", "serviceaccounts"), ("get",)),
    Rule("create", "apps", ("deployments",), ("create", "delete")),
    Rule("create", "", ("services",), ("create", "delete")),
)
_PROBES = ("/livez", "/livez/*", "/readyz", "/readyz/*", "/version")


def access_manifest(features: Iterable[str] = FEATURES, *, with_guard: bool = False) -> str:
    """YAML with Namespace, ServiceAccount, ClusterRole and binding for the features, and the guard when asked for."""
    wanted = set(features)
    documents = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": ACCOUNT},
            "rules": [*_rules_for(wanted), {"nonResourceURLs": list(_PROBES), "verbs": ["get"]}],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ACCOUNT},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
        },
        *(guard() if with_guard else ()),
    ]
    head = _(
        "Apply this with kubectl, then make the token to register the cluster with:\n"
        "  kubectl create token %(account)s -n %(namespace)s --duration 8760h"
    ) % {"account": ACCOUNT, "namespace": NAMESPACE}
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    return comment + yaml.safe_dump_all(
        documents, sort_keys=False, explicit_start=True, allow_unicode=True, width=110, default_flow_style=None
    )


def guard() -> tuple[dict[str, Any], dict[str, Any]]:
    """The admission policy that keeps a release in place, and its binding.

    A Deployment that carries our release label, is paused and has strategy Recreate may leave that state only by
    changing both at once: unpausing alone would recreate every Pod, the strategy alone would scale the live set down.
    """
    in_place = (
        "!(has(oldObject.spec.paused) && oldObject.spec.paused && oldObject.spec.strategy.type == 'Recreate')"
        " || ((has(object.spec.paused) && object.spec.paused) == (object.spec.strategy.type == 'Recreate'))"
    )
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": GUARD},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "objectSelector": {"matchExpressions": [{"key": "slipway.dev/release", "operator": "Exists"}]},
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "resources": ["deployments"],
                        "operations": ["UPDATE"],
                    }
                ],
            },
            "validations": [
                {
                    "expression": in_place,
                    "message": "A Slipway release is under way on this Deployment: end it from its page "
                    "(promote or abort); resuming or changing the strategy alone would take all old Pods down.",
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": GUARD},
        "spec": {"policyName": GUARD, "validationActions": ["Deny"]},
    }
    return policy, binding


def _rules_for(features: set[str]) -> list[dict[str, Any]]:
    """One rule for each set of verbs and group, verbs of several features on one resource joined."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for rule in RULES:
        if rule.feature in features:
            for resource in rule.resources:
                held = verbs.setdefault((rule.group, resource), [])
                held += [verb for verb in rule.verbs if verb not in held]
    joined: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), held in verbs.items():
        joined.setdefault((group, tuple(held)), []).append(resource)
    return [
        {"apiGroups": [group], "resources": resources, "verbs": list(held)}
        for (group, held), resources in joined.items()
    ]
