"""What kubeadm is given per host, with kubeadm itself as the judge where it is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from installs.kubeadm_config import (
    api_service_address,
    dns_address,
    endpoint,
    node_address,
    render,
    render_kubelet_patch,
)
from installs.shapes import Acknowledged, Host
from sandbox.paths import cache_folder
from tests.installs.site import config, facts, hosts

CGROUP_V1 = {"cgroup": {"version": 1, "controllers": []}}
STAND_INS = {"JOIN_TOKEN": "abcdef.0123456789abcdef", "CA_CERT_HASH": f"sha256:{'0' * 64}", "CERTIFICATE_KEY": "0" * 64}


def documents(text: str) -> dict[str, Any]:
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def of_first(**changed: Any) -> dict[str, Any]:
    machines = hosts(3, 1)
    return documents(render(config(**changed), machines[0], facts(machines[0]), machines))


def of_joining(host: Host, **changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = documents(render(config(**changed), host, facts(host), hosts(3, 1)))["JoinConfiguration"]
    return found


def test_the_first_control_plane_inits() -> None:
    found = of_first(
        image_repository="registry.example.com/k8s",
        cert_sans=("api.example.com", "10.9.9.9"),
        control_plane_endpoint="api.example.com:8443",
    )

    assert set(found) == {
        "InitConfiguration",
        "ClusterConfiguration",
        "KubeletConfiguration",
        "KubeProxyConfiguration",
    }
    assert found["InitConfiguration"]["localAPIEndpoint"] == {"advertiseAddress": "10.1.0.1", "bindPort": 6443}
    assert found["InitConfiguration"]["nodeRegistration"]["name"] == "cp-1"
    cluster = found["ClusterConfiguration"]
    assert cluster["apiVersion"] == "kubeadm.k8s.io/v1beta4"
    assert cluster["kubernetesVersion"] == "v1.37.2"
    assert cluster["controlPlaneEndpoint"] == "api.example.com:8443"
    assert cluster["imageRepository"] == "registry.example.com/k8s"
    assert cluster["apiServer"]["certSANs"] == ["api.example.com", "10.9.9.9"]
    assert cluster["networking"] == {
        "podSubnet": "10.244.0.0/16",
        "serviceSubnet": "10.96.0.0/12",
        "dnsDomain": "cluster.local",
    }


def test_others_join_and_their_secrets_are_filled_in_on_the_host() -> None:
    control_plane, worker = hosts(3, 1)[1], hosts(3, 1)[3]

    joining = of_joining(control_plane)
    assert joining["controlPlane"]["certificateKey"] == "@CERTIFICATE_KEY@"
    assert joining["controlPlane"]["localAPIEndpoint"]["advertiseAddress"] == "10.1.0.2"
    assert joining["discovery"]["bootstrapToken"] == {
        "apiServerEndpoint": "10.1.0.1:6443",
        "token": "@JOIN_TOKEN@",
        "caCertHashes": ["@CA_CERT_HASH@"],
    }
    assert "controlPlane" not in of_joining(worker) and "taints" not in of_joining(worker)["nodeRegistration"]


def test_before_1_31_the_older_format_is_written() -> None:
    assert of_first(kubernetes_version="v1.30.4")["ClusterConfiguration"]["apiVersion"] == "kubeadm.k8s.io/v1beta3"
    assert of_first(kubernetes_version="v1.31.0")["ClusterConfiguration"]["apiVersion"] == "kubeadm.k8s.io/v1beta4"


@pytest.mark.parametrize(("version", "driver"), [(2, "systemd"), (1, "cgroupfs"), (0, "systemd"), (None, "systemd")])
def test_the_cgroup_driver_is_what_the_hosts_cgroups_ask_for(version: int | None, driver: str) -> None:
    host = hosts()[0]
    found = render_kubelet_patch(config(), host, facts(host, cgroup={"version": version}))

    assert documents(found)["KubeletConfiguration"]["cgroupDriver"] == driver


def test_cgroup_v1_is_borne_only_where_somebody_took_it_on() -> None:
    first, worker = hosts()
    taken_on = [Acknowledged("worker-1", "cgroup", "old kernel until spring")]

    refused = documents(render_kubelet_patch(config(), first, facts(first, **CGROUP_V1), taken_on))
    borne = documents(render_kubelet_patch(config(), worker, facts(worker, **CGROUP_V1), taken_on))
    joining = documents(render(config(), worker, facts(worker, **CGROUP_V1), hosts(), taken_on))
    modern = documents(render_kubelet_patch(config(), worker, facts(worker), taken_on))

    assert "failCgroupV1" not in refused["KubeletConfiguration"]
    assert borne["KubeletConfiguration"]["failCgroupV1"] is False
    assert "failCgroupV1" not in modern["KubeletConfiguration"]
    assert joining["JoinConfiguration"]["nodeRegistration"]["ignorePreflightErrors"] == ["SystemVerification"]


def test_only_what_was_taken_on_is_ignored_and_only_there() -> None:
    first, worker = hosts()
    taken_on = [
        Acknowledged("", "cpu", "a test"),
        Acknowledged("worker-1", "memory", "a test"),
        Acknowledged("", "os", "x"),
    ]

    ignored = {
        host.name: next(
            one["nodeRegistration"].get("ignorePreflightErrors")
            for one in documents(render(config(), host, facts(host), hosts(), taken_on)).values()
            if "nodeRegistration" in one
        )
        for host in (first, worker)
    }

    assert ignored == {"cp-1": ["NumCPU"], "worker-1": ["Mem", "NumCPU"]}
    assert "ignorePreflightErrors" not in of_first()["InitConfiguration"]["nodeRegistration"]


def test_control_planes_carry_work_only_where_there_are_no_workers() -> None:
    alone = hosts(1, 0)
    found = documents(render(config(), alone[0], facts(alone[0]), alone))

    assert found["InitConfiguration"]["nodeRegistration"]["taints"] == []
    assert of_first()["InitConfiguration"]["nodeRegistration"]["taints"][0]["effect"] == "NoSchedule"


def test_kube_proxy_leaves_conntrack_alone_where_one_host_forbids_it() -> None:
    first, worker = hosts()
    found = render(config(), first, facts(first), hosts(), (), [facts(worker, may_set_conntrack=False)])

    assert documents(found)["KubeProxyConfiguration"]["conntrack"] == {"maxPerCore": 0}
    assert "conntrack" not in of_first()["KubeProxyConfiguration"]


def test_a_nodes_address_is_on_its_interfaces() -> None:
    host = Host("cp-1", "203.0.113.9", "control_plane")
    behind_nat = {"addresses": [{"address": "10.1.0.1"}], "default_addresses": {"ipv4": "10.1.0.1"}}
    named = Host("cp-1", "cp-1.example.com", "control_plane")

    assert node_address(host, behind_nat) == "10.1.0.1"
    assert node_address(named, behind_nat) == "10.1.0.1"
    assert node_address(host, {}) == "203.0.113.9"
    assert endpoint(config(), Host("cp-1", "fd00::1", "control_plane"), {}) == "[fd00::1]:6443"


def test_a_kubelet_is_told_its_address() -> None:
    host = hosts()[1]
    both = {"ipv4": host.address, "ipv6": "fd00::7"}
    two_families = {"pod_cidr": "10.244.0.0/16,fd00:10::/56", "service_cidr": "10.96.0.0/16,fd00:20::/112"}

    def told(found: dict[str, Any], **changed: Any) -> Any:
        text = render(config(**changed), host, found, hosts())
        return documents(text)["JoinConfiguration"]["nodeRegistration"].get("kubeletExtraArgs")

    assert told(facts(host)) == [{"name": "node-ip", "value": "10.1.1.1"}]
    assert told(facts(host), kubernetes_version="v1.30.1") == {"node-ip": "10.1.1.1"}
    assert told(facts(host, default_addresses=both), **two_families) == [
        {"name": "node-ip", "value": "10.1.1.1,fd00::7"}
    ]
    assert told(facts(host), **two_families) is None


def test_addresses_of_services_are_counted_as_kubeadm_does() -> None:
    assert (api_service_address(config()), dns_address(config())) == ("10.96.0.1", "10.96.0.10")


@pytest.mark.parametrize("control_planes", [1, 3])
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"pod_cidr": "10.244.0.0/16,fd00:10::/56", "service_cidr": "10.96.0.0/16,fd00:20::/112"},
        {
            "image_repository": "registry.example.com:5000/k8s",
            "cert_sans": ("*.example.com", "10.9.9.9"),
            "control_plane_endpoint": "api.example.com:8443",
            "dns_domain": "north.example",
        },
    ],
    ids=["plain", "two-families", "everything"],
)
def test_kubeadm_finds_nothing_wrong(control_planes: int, changed: dict[str, Any], tmp_path: Path) -> None:
    kubeadm = kubeadm_binary()
    machines = hosts(control_planes, 1)
    taken_on = [Acknowledged("", "cgroup", "a test"), Acknowledged("", "swap", "a test")]
    for host in machines:
        text = render(config(**changed), host, facts(host, **CGROUP_V1, may_set_conntrack=False), machines, taken_on)
        for name, value in STAND_INS.items():
            text = text.replace(f"@{name}@", value)
        file = tmp_path / f"{host.name}.yaml"
        file.write_text(text)

        result = subprocess.run(
            [kubeadm, "config", "validate", "--config", str(file)], capture_output=True, text=True, check=False
        )

        assert result.returncode == 0 and "ok" in result.stdout, result.stderr
        assert "unknown field" not in result.stderr


def kubeadm_binary() -> str:
    """kubeadm from PATH or from an offline bundle that was built here."""
    built = [
        path for pattern in ("bundles/*/bin/kubeadm", "sandbox/*/kubeadm") for path in cache_folder().glob(pattern)
    ]
    for place in (shutil.which("kubeadm"), *built):
        if place and os.access(place, os.X_OK):
            return str(place)
    pytest.skip("there is no kubeadm: build the offline bundle with `python -m sandbox hosts bundle`")
