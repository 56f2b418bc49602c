"""What kubectl cluster-info prints, and which versions do not go together."""

from __future__ import annotations

from clusters.info import cluster_info_lines, skew_warnings


def test_cluster_info_names_the_control_plane_and_the_cluster_services():
    dns = {
        "name": "kube-dns",
        "labels": {"kubernetes.io/name": "CoreDNS"},
        "slim": {"ports": [{"name": "dns", "port": 53}]},
    }
    web = {"name": "console", "labels": {}, "slim": {"ports": [{"name": "", "port": 443}]}}
    assert cluster_info_lines("https://api:6443", [dns, web]) == [
        {"name": "Kubernetes control plane", "url": "https://api:6443"},
        {"name": "CoreDNS", "url": "https://api:6443/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy"},
        {"name": "console", "url": "https://api:6443/api/v1/namespaces/kube-system/services/https:console:/proxy"},
    ]


def test_a_kubelet_may_be_three_versions_behind_and_never_ahead():
    nodes = [
        {"name": f"node-{version}", "kubelet_version": version}
        for version in ("v1.37.2", "v1.34.0", "v1.33.9", "v1.38.0", "v1.36.1-gke.100", "odd", "")
    ]
    warnings = skew_warnings("v1.37.2", nodes)
    assert [(warning["node"], warning["code"]) for warning in warnings] == [
        ("node-v1.33.9", "kubelet_too_old"),
        ("node-v1.38.0", "kubelet_newer"),
    ]
    assert "upgrade its kubelet" in warnings[0]["next"]
    assert "upgrade the control plane first" in warnings[1]["next"]


def test_nothing_is_said_about_a_server_of_unknown_version():
    assert skew_warnings("", [{"name": "n", "kubelet_version": "v1.20.0"}]) == []
