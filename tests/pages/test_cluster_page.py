"""The page of a cluster in a browser, with all that it can show: no barriers, fits a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from clusters.models import Cluster
from tests.clusters.observe.objects import owned_by, raw
from tests.factories.clusters import observed, watched_now
from tests.factories.registered import saved_cluster
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def harbour(db: None) -> Cluster:
    """Three nodes, one of them too old; two namespaces that ask for much; certificates that end at different times."""
    now = timezone.now()
    cluster = saved_cluster(
        "harbour",
        title="Production, Frankfurt",
        environment="prod",
        status="connected",
        last_seen_at=now,
        checked_at=now,
        health_at=now,
        health={
            "status": "degraded",
            "components": [
                component("kube-apiserver", "healthy", "probe", "/livez: 200, 38 checks passed"),
                component("etcd", "healthy", "inferred", "/readyz [+]etcd", "static Pods etcd: 3 of 3 ready"),
                component("kube-scheduler", "healthy", "lease", "lease of master-1 renewed 1 s ago"),
                component("kubelet", "degraded", "node", "2 of 3 nodes Ready"),
                component("coredns", "unknown", "none"),
            ],
            "validities": [
                validity("server_certificate", now + timedelta(days=200)),
                validity("client_certificate", now + timedelta(days=12)),
                validity("token", now - timedelta(days=1)),
            ],
        },
    )
    for number, version in enumerate(("v1.37.2", "v1.37.2", "v1.33.0")):
        observed(cluster, node(f"node-{number}", version))
    for name, cpu in (("shop", "6"), ("ops", "900m"), ("empty", "")):
        observed(cluster, raw("Namespace", name, namespace="", status={"phase": "Active"}))
        if cpu:
            observed(cluster, pod(f"{name}-1", name, cpu))
    watched_now(cluster)
    return cluster


def component(name: str, status: str, source: str, *evidence: str) -> dict[str, Any]:
    seen = timezone.now().isoformat()
    return {
        "name": name, "status": status, "source": source, "evidence": list(evidence), "message": "As it was found.",
        "observed_at": seen,
    }  # fmt: skip


def validity(of: str, until: Any) -> dict[str, Any]:
    return {"of": of, "subject": "CN=slipway,O=harbour", "issuer": "CN=kubernetes", "expires_at": until.isoformat()}


def node(name: str, kubelet: str) -> dict[str, Any]:
    resources = {"cpu": "8", "memory": "32Gi", "pods": "110"}
    status = {
        "capacity": resources,
        "allocatable": resources,
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": kubelet, "containerRuntimeVersion": "containerd://2.1"},
    }
    return raw("Node", name, namespace="", status=status)


def pod(name: str, namespace: str, cpu: str) -> dict[str, Any]:
    resources = {"requests": {"cpu": cpu, "memory": "2Gi"}, "limits": {"cpu": "8", "memory": "4Gi"}}
    spec = {"nodeName": "node-0", "containers": [{"name": "a", "image": "a:1", "resources": resources}]}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    return raw("Pod", name, namespace=namespace, metadata=owned_by("ReplicaSet", "a"), spec=spec, status=status)


def test_everything_it_can_show_is_accessible_and_fits_a_phone(visitor: Visitor, admin: User, harbour: Cluster) -> None:
    visitor.sign_in(admin)
    page = visitor.go("/clusters/harbour/")
    visitor.shoot("cluster-full")
    assert "runs out soon" in page.content()
    assert "drain this node and upgrade its kubelet" in page.content()
    assert visitor.barriers() == []
    assert visitor.overflow() <= 0
