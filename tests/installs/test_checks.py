"""Every row of the table of checks: what passes, what breaks it, and how the person is told."""

from __future__ import annotations

import dataclasses

import pytest

from installs.checks import judge, may_be_overridden
from installs.checks.judging import HOST_RULES, WHOLE_RULES
from installs.shapes import Config, Host, Surroundings
from tests.installs.saying import (
    CLOCK,
    CONFIG,
    FIRST,
    GIB,
    SECOND,
    disks,
    facts,
    judged,
    on_control_plane,
    on_worker,
    probes,
    reached,
    sections,
    without,
)

THREE = (FIRST, Host("node-2", "192.0.2.12", "control_plane"), Host("node-3", "192.0.2.13", "control_plane"))


CGROUP_V1 = ("cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids")


def changed(**fields: object) -> Config:
    return dataclasses.replace(CONFIG, **fields)  # type: ignore[arg-type]


def test_healthy_hosts_pass_every_check() -> None:
    results = judged()

    assert {(check, one.status) for (host, check), one in results.items() if host and one.status != "pass"} == {
        ("etcd_disk", "skip")
    }
    assert {check: one.status for (host, check), one in results.items() if not host and one.status != "pass"} == {
        "control_plane_count": "warn",
        "external_etcd": "skip",
        "rejoin": "skip",
    }


def test_every_check_is_answered_for_every_host_whatever_fails() -> None:
    broken = facts(1, **dict.fromkeys(sections(), ""))
    results = judged(first=broken)

    assert [check for host, check in results if host == "node-1"] == list(HOST_RULES)
    assert [check for host, check in results if not host] == list(WHOLE_RULES)
    assert all(one.observed and one.expected for one in results.values())


@pytest.mark.parametrize(
    ("check", "changes", "status", "observed", "kubeadm_name"),
    [
        ("privileges", {"uid": "1000"}, "fail", "user 1000", "IsPrivilegedUser"),
        ("os", {"os": 'ID=slackware\nVERSION_ID="15.0"\nNAME=Slackware'}, "fail", "Slackware", ""),
        ("os", {"os": 'ID=debian\nVERSION_ID="9"\nNAME=Debian'}, "fail", "older than 10", ""),
        ("os", {"os": 'ID=ubuntu\nVERSION_ID="18.04"\nNAME=Ubuntu'}, "pass", "Ubuntu", ""),
        ("os", {"os": "ID=debian\nNAME=Debian"}, "warn", "does not say its version", ""),
        ("os", {"systemd": ""}, "fail", "without systemd", ""),
        ("architecture", {"machine": "riscv64"}, "fail", "riscv64", ""),
        ("architecture", {"machine": "aarch64"}, "warn", "other hosts are amd64", ""),
        ("cpu", {"cpus": "1"}, "fail", "1 CPU", "NumCPU"),
        ("memory", {"memory": "MemTotal: 1740799 kB"}, "fail", "1699 MB", "Mem"),
        ("memory", {"memory": "MemTotal: 1740800 kB"}, "pass", "1700 MB", ""),
        ("disk", {"disks": disks(free_kb=20 * GIB - 1024)}, "fail", "20 GB free", ""),
        ("disk", {"disks": disks(free_kb=30 * GIB)}, "warn", "30 GB free", ""),
        ("disk", {"disks": disks(etcd_free_kb=9 * GIB)}, "fail", "/var/lib/etcd has 9216 MB", ""),
        ("disk", {"disks": disks(inodes="90%")}, "fail", "90 % of its inodes", ""),
        ("disk", {"disks": disks(kind="tmpfs")}, "fail", "is a tmpfs", ""),
        ("etcd_disk", {"fsync": "230000 bytes (230 kB) copied, 1.5 s, 1 MB/s"}, "warn", "15.0 ms on average", ""),
        ("etcd_disk", {"fsync": "230000 bytes (230 kB) copied, 6 s, 1 MB/s"}, "fail", "60.0 ms", ""),
        ("etcd_disk", {"fsync": ""}, "unknown", "could not be measured", ""),
        ("kernel", {"kernel": "4.18.0-553.el8.x86_64"}, "fail", "4.18.0", "SystemVerification"),
        ("kernel", {"kernel": "4.19.0-27-amd64"}, "pass", "4.19.0", ""),
        ("kernel", {"kernel": "3.10.0-1160.el7"}, "fail", "3.10.0", "SystemVerification"),
        ("kernel_config", {"kernel_config": ""}, "unknown", "no configuration", ""),
        (
            "kernel_config",
            {"kernel_config": "CONFIG_CGROUPS=y\nsource=/boot/x"},
            "fail",
            "lacks NAMESPACES",
            "SystemVerification",
        ),
        ("cgroup", {"cgroup": "type=cgroup2fs\nv2=cpuset cpu pids"}, "fail", "v2 without memory", "SystemVerification"),
        (
            "cgroup",
            {"cgroup": "type=tmpfs\n" + "\n".join(f"v1={name}\t1\t3\t1" for name in CGROUP_V1)},
            "warn",
            "the kubelet is told to accept it",
            "SystemVerification",
        ),
        (
            "swap",
            {"swaps": "Filename Type Size Used Priority\n/dev/sda5 partition 2097148 0 -2"},
            "fail",
            "/dev/sda5 (2047 MB)",
            "Swap",
        ),
        ("swap", {"fstab_swaps": "/dev/sda5 none swap sw 0 0"}, "warn", "fstab brings it back", ""),
        ("swap", {"fstab_swaps": "/dev/sda5 none swap sw 0 0", "swap_units": "masked"}, "pass", "off", ""),
        ("selinux", {"selinux": "Enforcing"}, "warn", "enforcing", ""),
        ("firewall", {"firewalld": "running\n22/tcp\nssh"}, "warn", "firewalld: running", "Firewalld"),
        ("firewall", {"ufw": "Status: active\n\nTo Action From"}, "warn", "ufw: active", ""),
        (
            "firewall",
            {"nftables": "table inet filter {\n\tchain input {\n\t\ttype filter hook input; policy drop;"},
            "warn",
            "policy drop in inet filter input",
            "",
        ),
        ("firewall", {"iptables": "-P INPUT DROP"}, "warn", "-P INPUT DROP", ""),
        (
            "ports_free",
            {"sockets": 'tcp LISTEN 0 511 0.0.0.0:6443 0.0.0.0:* users:(("nginx",pid=7,fd=6))'},
            "fail",
            "6443 by nginx",
            "Port-6443",
        ),
        (
            "ports_free",
            {"sockets": "tcp LISTEN 0 511 [::]:10250 [::]:*"},
            "fail",
            "10250 by an unnamed process",
            "Port-10250",
        ),
        ("ports_free", {"sockets": 'tcp LISTEN 0 9 *:179 *:* users:(("bird",pid=7,fd=6))'}, "pass", "all free", ""),
        ("ports_free", {"sockets_raw": "tcp  0: 00000000:192B 00000000:0000 0A 0 0"}, "fail", "6443", "Port-6443"),
        (
            "sysctl",
            {"sysctl": "net.ipv4.ip_forward=0\nnet.bridge.bridge-nf-call-iptables=1"},
            "fail",
            "net.ipv4.ip_forward = 0",
            "FileContent--proc-sys-net-ipv4-ip_forward",
        ),
        ("sysctl", {"modules": "overlay=available\nbr_netfilter=loaded"}, "fail", "overlay is not loaded", ""),
        (
            "sysctl",
            {"sysctl": "net.ipv4.ip_forward=1", "modules": "overlay=loaded\nbr_netfilter=missing"},
            "fail",
            "br_netfilter is missing",
            "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables",
        ),
        ("tools", {"tools": without("iptables")}, "fail", "missing: iptables", "FileExisting-iptables"),
        ("tools", {"tools": without("socat")}, "warn", "missing: socat", "FileExisting-socat"),
        ("runtime", {"units": "docker=active,enabled"}, "fail", "docker is running", "CRI"),
        ("runtime", {"runtime_sockets": "/run/crio/crio.sock"}, "fail", "/run/crio/crio.sock", "CRI"),
        (
            "runtime",
            {"containerd_version": "containerd github.com/containerd/containerd 1.5.9 x"},
            "fail",
            "1.5.9 is too old",
            "CRI",
        ),
        (
            "runtime",
            {
                "containerd_version": "containerd containerd.io v2.1.4 x",
                "units": "containerd=active,enabled\nchronyd=active,enabled",
                "containerd_config": "disabled_plugins = ['io.containerd.grpc.v1.cri']\n SystemdCgroup = false",
            },
            "warn",
            "its CRI plugin is off, SystemdCgroup is false",
            "CRI",
        ),
        ("packages", {"kubelet": "Kubernetes v1.38.0"}, "fail", "kubelet v1.38.0", "KubeletVersion"),
        ("packages", {"kubelet": "Kubernetes v1.33.0"}, "fail", "kubelet v1.33.0", "KubeletVersion"),
        ("packages", {"kubeadm": "v1.36.1"}, "warn", "kubeadm v1.36.1", "KubeletVersion"),
        (
            "packages",
            {"kubelet": "Kubernetes v1.37.0", "units": "kubelet=inactive,disabled"},
            "warn",
            "disabled",
            "Service-Kubelet",
        ),
        (
            "clean_node",
            {"leftovers": "/etc/kubernetes/kubelet.conf"},
            "fail",
            "kubelet.conf",
            "FileAvailable--etc-kubernetes-kubelet.conf",
        ),
        ("clean_node", {"leftovers": "/var/lib/etcd"}, "fail", "/var/lib/etcd", "DirAvailable--var-lib-etcd"),
        (
            "clean_node",
            {"cni_configs": "/etc/cni/net.d/10-calico.conflist"},
            "fail",
            "10-calico",
            "FileAvailable--etc-cni-net.d-10-calico.conflist",
        ),
        ("hostname", {"hostname": "Node_1"}, "fail", "no RFC 1123 name", "Hostname"),
        ("hostname", {"hostname": "node-2"}, "fail", "as also node-2 is called", "Hostname"),
        ("hostname", {"hostname": "other"}, "warn", "will be called node-1", ""),
        ("hostname", {"hostname_addresses": ""}, "fail", "does not resolve", "Hostname"),
        ("hostname", {"product_uuid": sections(2)["product_uuid"]}, "fail", "product_uuid", ""),
        ("hostname", {"product_uuid": sections(2)["product_uuid"], "container": "lxc"}, "pass", "node-1", ""),
        ("hostname", {"links": sections(2)["links"]}, "fail", "MAC 02:00:00:00:00:02", ""),
        ("hostname", {"machine_id": sections(2)["machine_id"]}, "warn", "machine-id", ""),
        ("time", {"time_service": "NTPSynchronized=no", "units": ""}, "warn", "nothing keeps it so", ""),
        ("time", {"time_service": "NTPSynchronized=no", "container": "systemd-nspawn"}, "pass", "machine beneath", ""),
        ("dns", {"nameservers": ""}, "fail", "names no server", ""),
        ("dns", {"nameservers": "nameserver 127.0.0.53"}, "fail", "CoreDNS would ask itself", ""),
        (
            "dns",
            {"nameservers": "nameserver 127.0.0.53", "stub_upstreams": "nameserver 192.0.2.1"},
            "pass",
            "192.0.2.1",
            "",
        ),
        (
            "address",
            {"addresses": "1: lo    inet 127.0.0.1/8 scope host lo", "default_addresses": ""},
            "fail",
            "no address",
            "",
        ),
        ("address", {"addresses": sections(1)["addresses"].replace(" eth0\\", " dynamic eth0\\")}, "warn", "DHCP", ""),
        (
            "address",
            {"addresses": "2: eth0    inet 10.9.0.4/24 scope global eth0", "default_addresses": "x src 10.9.0.4"},
            "warn",
            "192.0.2.11 is on no interface",
            "",
        ),
        (
            "address",
            {"addresses": "2: eth0    inet6 2001:db8::4/64 scope global", "default_addresses": "x src 2001:db8::4"},
            "fail",
            "not so on all",
            "",
        ),
        ("networks", {"routes": "10.244.3.0/24 via 10.0.0.1 dev cni0"}, "fail", "route 10.244.3.0/24 (cni0)", ""),
        ("networks", {"routes": "10.100.0.0/16 dev tun0"}, "fail", "services 10.96.0.0/12 overlaps route", ""),
        ("networks", {"nameservers": "nameserver 10.96.0.10"}, "fail", "name server 10.96.0.10", ""),
        ("networks", {"routes": "default dev eth0\n0.0.0.0/0 dev eth0"}, "pass", "nothing in the way", ""),
        ("proxy", {"proxy": "https_proxy=http://u:pw@proxy:3128"}, "warn", "NO_PROXY lacks 192.0.2.11", "HTTPProxy"),
        (
            "proxy",
            {"proxy": "HTTPS_PROXY=http://proxy:3128\nNO_PROXY=192.0.2.0/24"},
            "warn",
            "10.244.0.0/16",
            "HTTPProxyCIDR",
        ),
        ("proxy", {"proxy": "HTTPS_PROXY=http://proxy:3128\nNO_PROXY=192.0.2.11,10.0.0.0/8"}, "pass", "not for", ""),
    ],
)
def test_a_control_plane_that_is_different(
    check: str, changes: dict[str, str], status: str, observed: str, kubeadm_name: str
) -> None:
    found = on_control_plane(check, **changes)

    assert (found.status, found.kubeadm_name) == (status, kubeadm_name), found
    assert observed in found.observed
    assert found.severity == ("error" if status in ("fail", "pass") else found.severity)
    assert "pw@" not in found.observed


def test_a_worker_needs_less_than_a_control_plane() -> None:
    assert on_worker("cpu", cpus="1").status == "warn"
    assert on_worker("memory", memory="MemTotal: 1258291 kB").status == "warn"
    assert on_worker("memory", memory="MemTotal: 1000000 kB").status == "fail"
    assert on_worker("disk", disks=disks(etcd_free_kb=9 * GIB)).status == "pass"
    assert on_worker("etcd_disk", fsync="").status == "skip"
    assert on_worker("ports_free", sockets="tcp LISTEN 0 511 0.0.0.0:6443 0.0.0.0:*").status == "pass"


def test_rules_follow_the_version_of_kubernetes() -> None:
    old = changed(kubernetes_version="v1.31.4")
    centos = facts(1, kernel="3.10.0-1160.el7", tools=without("conntrack"))

    assert judged(old, first=centos)["node-1", "kernel"].status == "pass"
    assert judged(old, first=centos)["node-1", "tools"].kubeadm_name == "FileExisting-conntrack"
    assert judged(first=centos)["node-1", "tools"].status == "pass"


def test_ipv6_needs_its_own_forwarding() -> None:
    both = changed(pod_cidr="10.244.0.0/16,fd00:10::/56", service_cidr="10.96.0.0/12,fd00:20::/112")

    found = judged(both)["node-1", "sysctl"]

    assert found.kubeadm_name == "FileContent--proc-sys-net-ipv6-conf-default-forwarding"
    assert "net.ipv6.conf.default.forwarding = 1" in " ".join(found.fix.commands if found.fix else ())


def test_cilium_needs_no_bridge() -> None:
    found = judged(changed(cni="cilium"), first=facts(1, sysctl="net.ipv4.ip_forward=1", modules="overlay=loaded"))

    assert found["node-1", "sysctl"].status == "pass"


def test_a_host_that_cannot_be_reached_is_unknown_and_hides_no_other() -> None:
    results = judge(
        CONFIG,
        [FIRST, SECOND],
        {"node-1": facts(1), "node-2": None},
        probes(unreachable={"node-2": "timed out"}),
        Surroundings(),
    )
    found = {(one.host, one.check): one for one in results}

    assert found["node-2", "ssh"].status == "fail" and found["node-2", "ssh"].observed == "timed out"
    assert {one.status for (host, check), one in found.items() if host == "node-2" and check != "ssh"} == {"unknown"}
    assert found["node-1", "memory"].status == "pass"


def test_a_changed_host_key_fails_as_such_even_where_facts_are_old() -> None:
    found = judged(found=probes(host_keys={"node-2": "the key has changed"}))

    assert found["node-2", "ssh"].status == "fail" and "has changed" in found["node-2", "ssh"].observed
    assert found["node-2", "swap"].status == "unknown"


@pytest.mark.parametrize("unreachable", [{}, {"node-1": "sudo asks for a password"}])
def test_no_sudo_is_a_matter_of_privileges_and_not_of_ssh(unreachable: dict[str, str]) -> None:
    probed = {"privileges": {"node-1": "sudo asks for a password"}, "unreachable": unreachable}
    found = {one.check: one for one in judge(CONFIG, [FIRST], {"node-1": None}, probed, Surroundings()) if one.host}

    assert (found["ssh"].status, found["privileges"].status, found["cpu"].status) == ("pass", "fail", "unknown")
    assert found["privileges"].kubeadm_name == "IsPrivilegedUser"


def test_a_jump_host_only_has_to_be_reached() -> None:
    hosts = (FIRST, SECOND, Host("gate", "192.0.2.1", "jump"))

    assert [check for host, check in judged(hosts=hosts) if host == "gate"] == ["ssh"]


def test_ports_between_hosts() -> None:
    silent = judged(found=probes(ports=reached("node-1", "node-2", state="silent")))["node-1", "ports_reachable"]
    untried = judged(found=probes(ports=reached("node-1", "node-2", state="untried")))["node-1", "ports_reachable"]

    assert silent.status == "fail" and "node-2 tcp/10250 does not answer" in silent.observed
    assert untried.status == "unknown"
    assert judged(found=probes(ports={}))["node-1", "ports_reachable"].status == "unknown"
    assert judged(hosts=(FIRST,))["node-1", "ports_reachable"].status == "skip"


def test_the_host_whose_clock_is_off_is_the_one_that_fails() -> None:
    clocks = {"node-1": CLOCK, "node-2": {"offset": -60.0, "uncertainty": 0.02}}
    found = judged(found=probes(clocks=clocks))

    assert found["node-2", "time"].status == "fail" and "60.0 s behind the portal" in found["node-2", "time"].observed
    assert found["node-1", "time"].status == "pass"


@pytest.mark.parametrize(("offset", "status"), [(0.9, "pass"), (1.2, "warn"), (4.9, "warn"), (5.2, "fail")])
def test_how_far_clocks_may_be_apart(offset: float, status: str) -> None:
    clocks = {"node-1": CLOCK, "node-2": {"offset": offset, "uncertainty": 0.0}}

    assert judged(found=probes(clocks=clocks))["node-2", "time"].status == status


def test_a_slow_connection_makes_no_clock_wrong() -> None:
    clocks = {"node-1": CLOCK, "node-2": {"offset": 3.0, "uncertainty": 2.9}}

    assert judged(found=probes(clocks=clocks))["node-2", "time"].status == "pass"


def test_a_member_of_the_cluster_is_not_told_to_be_clean() -> None:
    busy = facts(
        1,
        leftovers="/etc/kubernetes/kubelet.conf",
        sockets="tcp LISTEN 0 511 *:6443 *:*",
        routes="10.244.0.0/24 dev cni0",
    )
    found = judged(first=busy, found=probes(members=["node-1"]))

    assert {found["node-1", check].status for check in ("clean_node", "ports_free", "networks")} == {"skip"}


@pytest.mark.parametrize(
    ("hosts", "endpoint", "status"),
    [
        (THREE[:1], "", "warn"),
        (THREE[:2], "api.example.com:6443", "fail"),
        (THREE, "", "fail"),
        (THREE, "192.0.2.12:6443", "warn"),
        (THREE, "192.0.2.100:6443", "pass"),
        ((SECOND,), "", "fail"),
    ],
)
def test_number_of_control_planes(hosts: tuple[Host, ...], endpoint: str, status: str) -> None:
    found = judged(changed(control_plane_endpoint=endpoint), hosts=hosts)["", "control_plane_count"]

    assert found.status == status, found


def test_networks_of_other_clusters_are_named() -> None:
    others = Surroundings(cluster_networks={"prod-eu": ("10.244.0.0/16", "10.64.0.0/12")})

    found = judged(surroundings=others)["", "networks"]

    assert found.status == "warn" and "10.244.0.0/16 of cluster prod-eu" in found.observed


def test_pods_and_services_that_overlap_fail() -> None:
    found = judged(changed(pod_cidr="10.96.0.0/16"))["", "networks"]

    assert found.status == "fail" and "overlap" in found.observed


def test_images_come_from_a_bundle_that_is_right_or_from_a_registry_in_reach() -> None:
    online = changed(bundle="", package_repository="https://pkgs.example.com/")

    assert judged()["", "images"].status == "pass"
    assert judged(found=probes(bundle="bin/kubeadm: wrong checksum"))["", "images"].status == "fail"
    assert judged(found=probes(bundle_architecture="arm64"))["", "images"].status == "fail"
    assert judged(online, found=probes(images={"node-1": "", "node-2": "timed out"}))["", "images"].status == "fail"
    assert judged(online, found=probes(images={"node-1": ""}))["", "images"].status == "pass"
    assert judged(online, found=probes(names={"node-1": {"registry.k8s.io": ""}}))["node-1", "dns"].status == "fail"


@pytest.mark.parametrize(
    ("cni", "version", "status"),
    [
        ("calico", "v1.33.0", "pass"),
        ("calico", "v1.37.2", "warn"),
        ("calico", "v1.20.0", "fail"),
        ("kube-router", "v1.37.2", "pass"),
        ("weave", "v1.37.2", "warn"),
        ("none", "v1.37.2", "warn"),
        ("own", "v1.37.2", "fail"),
    ],
)
def test_networks_and_versions_that_go_together(cni: str, version: str, status: str) -> None:
    assert judged(changed(cni=cni, kubernetes_version=version))["", "cni"].status == status


def test_only_what_a_person_can_judge_may_be_overridden() -> None:
    assert may_be_overridden("os") and may_be_overridden("swap")
    assert not may_be_overridden("ssh") and not may_be_overridden("clean_node") and not may_be_overridden("networks")
