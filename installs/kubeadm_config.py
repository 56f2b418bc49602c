"""The configuration that kubeadm reads, per host: v1beta4 from Kubernetes 1.31 on, v1beta3 before.

https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and cmd/kubeadm/app/apis/kubeadm of the version.
Secrets stand in it as `@NAME@`: the step that runs kubeadm fills them in on the host, from its environment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import yaml

from installs import grammar
from installs.shapes import Acknowledged, Config, Facts, Host

CRI_SOCKET = "unix:///run/containerd/containerd.sock"
# Where a host keeps what Slipway gave it: its configuration, and patches that kubeadm lays over what all hosts share.
FOLDER = "/etc/slipway"
CONFIG_PATH = f"{FOLDER}/kubeadm.yaml"
PATCHES = f"{FOLDER}/patches"
KUBELET_PATCH_PATH = f"{PATCHES}/kubeletconfiguration+merge.yaml"
API_PORT = 6443

JOIN_TOKEN = "JOIN_TOKEN"  # noqa: S105
CA_CERT_HASH = "CA_CERT_HASH"
CERTIFICATE_KEY = "CERTIFICATE_KEY"
JOIN_SECRETS = (JOIN_TOKEN, CA_CERT_HASH, CERTIFICATE_KEY)

# What kubeadm calls the check behind each of ours. Only these may be acknowledged; the rest is mended or refused.
KUBEADM_NAMES: dict[str, tuple[str, ...]] = {
    "cpu": ("NumCPU",),
    "memory": ("Mem",),
    "kernel": ("SystemVerification",),
    "kernel_config": ("SystemVerification",),
    "cgroup": ("SystemVerification",),
    "swap": ("Swap",),
    "hostname": ("Hostname",),
}
# Kubelets from here on do not start on cgroup v1 unless told to.
_CGROUP_V1_REFUSED = (1, 35)
_V1BETA4 = (1, 31)
_CONTROL_PLANE = "control_plane"


def render(
    config: Config,
    host: Host,
    facts: Facts,
    hosts: Sequence[Host],
    acknowledged: Sequence[Acknowledged] = (),
    everywhere: Iterable[Facts] = (),
) -> str:
    """The YAML documents for one host: to init on the first control plane, to join on every other.

    `facts` are those of the host, `everywhere` those of all hosts: kube-proxy has one configuration for all.
    """
    old = grammar.minor(config.kubernetes_version) < _V1BETA4
    version = f"kubeadm.k8s.io/{'v1beta3' if old else 'v1beta4'}"
    if host == first_control_plane(hosts):
        documents = [
            _init(version, config, host, facts, hosts, acknowledged),
            _cluster(version, config),
            kubelet(config, host, facts, acknowledged),
            _proxy([facts, *everywhere]),
        ]
        documents[1]["controlPlaneEndpoint"] = endpoint(config, host, facts)
    else:
        documents = [_join(version, config, host, facts, hosts, acknowledged)]
    return _dump(documents)


def render_kubelet_patch(config: Config, host: Host, facts: Facts, acknowledged: Sequence[Acknowledged] = ()) -> str:
    """What this host's kubelet needs beside the configuration that all share: hosts may differ in their cgroups."""
    wanted = kubelet(config, host, facts, acknowledged)
    wanted.setdefault("failSwapOn", True)
    return _dump([wanted])


def first_control_plane(hosts: Sequence[Host]) -> Host:
    """The host that inits: the first control plane in the user's order."""
    return next(host for host in hosts if host.role == _CONTROL_PLANE)


def node_address(host: Host, facts: Facts) -> str:
    """The address that the node shows to others.

    What the portal connects to, where an interface carries it; else (a name, or an address before a NAT) that of the
    default route.
    """
    try:
        wanted = grammar.ip(host.address)
    except grammar.Malformed:
        wanted = ""
    carried = {str(entry.get("address", "")) for entry in facts.get("addresses") or [] if isinstance(entry, dict)}
    if wanted and (wanted in carried or not carried):
        return wanted
    default = facts.get("default_addresses") or {}
    for family in ("ipv6", "ipv4") if ":" in wanted else ("ipv4", "ipv6"):
        try:
            return grammar.ip(default.get(family))
        except grammar.Malformed:
            continue
    return wanted or host.address


def endpoint(config: Config, first: Host, facts: Facts) -> str:
    """HOST:PORT of the API: what the user gave, else the first control plane's own address.

    It is always written down: kubeadm joins no second control plane to a cluster without one.
    """
    if config.control_plane_endpoint:
        return grammar.endpoint(config.control_plane_endpoint)
    address = node_address(first, facts)
    return f"[{address}]:{API_PORT}" if ":" in address else f"{address}:{API_PORT}"


def cgroup_driver(facts: Facts) -> Literal["systemd", "cgroupfs"]:
    """The driver that kubelet and containerd share: systemd owns a unified hierarchy, on v1 it need not."""
    return "cgroupfs" if _cgroup_version(facts) == 1 else "systemd"


def ignored_errors(host: str, acknowledged: Sequence[Acknowledged]) -> list[str]:
    """Names of kubeadm's own checks that somebody took on for this host or for all."""
    return sorted({name for one in acknowledged if one.host in ("", host) for name in KUBEADM_NAMES.get(one.check, ())})


def is_acknowledged(check: str, host: str, acknowledged: Sequence[Acknowledged]) -> bool:
    """Whether somebody took this check on for the host or for all."""
    return any(one.check == check and one.host in ("", host) for one in acknowledged)


def kubelet(config: Config, host: Host, facts: Facts, acknowledged: Sequence[Acknowledged]) -> dict[str, Any]:
    """The KubeletConfiguration as far as it is not kubeadm's own."""
    document: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": cgroup_driver(facts),
    }
    takes_v1 = is_acknowledged("cgroup", host.name, acknowledged)
    if _cgroup_version(facts) == 1 and takes_v1 and grammar.minor(config.kubernetes_version) >= _CGROUP_V1_REFUSED:
        document["failCgroupV1"] = False
    if is_acknowledged("swap", host.name, acknowledged):
        document["failSwapOn"] = False
    return document


def dns_address(config: Config) -> str:
    """The address of the cluster's DNS: the tenth of the first service network, as kubeadm has it."""
    return str(ipaddress.ip_network(config.service_cidr.split(",")[0])[10])


def api_service_address(config: Config) -> str:
    """The address of the Kubernetes Service `kubernetes`: the first of the first service network."""
    return str(ipaddress.ip_network(config.service_cidr.split(",")[0])[1])


def _init(
    version: str,
    config: Config,
    host: Host,
    facts: Facts,
    hosts: Sequence[Host],
    acknowledged: Sequence[Acknowledged],
) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": "InitConfiguration",
        # A token that nobody is shown; joins get their own.
        "bootstrapTokens": [
            {
                "description": "made by kubeadm init",
                "groups": ["system:bootstrappers:kubeadm:default-node-token"],
                "ttl": "1h0m0s",
                "usages": ["signing", "authentication"],
            }
        ],
        "certificateKey": _secret(CERTIFICATE_KEY),
        "localAPIEndpoint": {"advertiseAddress": node_address(host, facts), "bindPort": API_PORT},
        "nodeRegistration": _registration(version, config, host, facts, hosts, acknowledged),
        "patches": {"directory": PATCHES},
    }


def _cluster(version: str, config: Config) -> dict[str, Any]:
    document: dict[str, Any] = {
        "apiVersion": version,
        "kind": "ClusterConfiguration",
        "clusterName": config.name,
        "kubernetesVersion": grammar.version(config.kubernetes_version),
        "networking": {
            "podSubnet": config.pod_cidr,
            "serviceSubnet": config.service_cidr,
            "dnsDomain": config.dns_domain,
        },
        "etcd": {"local": {"dataDir": "/var/lib/etcd"}},
    }
    if config.image_repository:
        document["imageRepository"] = config.image_repository
    if config.cert_sans:
        document["apiServer"] = {"certSANs": list(config.cert_sans)}
    return document


def _join(
    version: str,
    config: Config,
    host: Host,
    facts: Facts,
    hosts: Sequence[Host],
    acknowledged: Sequence[Acknowledged],
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "apiVersion": version,
        "kind": "JoinConfiguration",
        "discovery": {
            "bootstrapToken": {
                "apiServerEndpoint": endpoint(config, first_control_plane(hosts), {}),
                "token": _secret(JOIN_TOKEN),
                "caCertHashes": [_secret(CA_CERT_HASH)],
            }
        },
        "nodeRegistration": _registration(version, config, host, facts, hosts, acknowledged),
        "patches": {"directory": PATCHES},
    }
    if host.role == _CONTROL_PLANE:
        document["controlPlane"] = {
            "localAPIEndpoint": {"advertiseAddress": node_address(host, facts), "bindPort": API_PORT},
            "certificateKey": _secret(CERTIFICATE_KEY),
        }
    return document


def _registration(
    version: str,
    config: Config,
    host: Host,
    facts: Facts,
    hosts: Sequence[Host],
    acknowledged: Sequence[Acknowledged],
) -> dict[str, Any]:
    registration: dict[str, Any] = {"name": host.name, "criSocket": CRI_SOCKET}
    if host.role == _CONTROL_PLANE:
        # Without workers the control planes carry the work; kubeadm taints them where nothing is said.
        has_workers = any(other.role == "worker" for other in hosts)
        registration["taints"] = (
            [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}] if has_workers else []
        )
    if addresses := _node_addresses(config, host, facts):
        # Left alone, a kubelet on a machine with several networks shows whichever has the default route.
        name, value = "node-ip", ",".join(addresses)
        registration["kubeletExtraArgs"] = {name: value} if version.endswith("v1beta3") else [_arg(name, value)]
    if ignored := ignored_errors(host.name, acknowledged):
        registration["ignorePreflightErrors"] = ignored
    return registration


def _proxy(everywhere: Iterable[Facts]) -> dict[str, Any]:
    document: dict[str, Any] = {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration"}
    if any(facts.get("may_set_conntrack") is False for facts in everywhere):
        # kube-proxy ends where it may not write nf_conntrack_max; 0 leaves the limit as it is.
        document["conntrack"] = {"maxPerCore": 0}
    return document


def _cgroup_version(facts: Facts) -> int:
    cgroup = facts.get("cgroup")
    version = cgroup.get("version") if isinstance(cgroup, dict) else None
    return version if isinstance(version, int) else 2


def _node_addresses(config: Config, host: Host, facts: Facts) -> list[str]:
    """The node's address, and one of the other family where Pods have both."""
    try:
        addresses = [grammar.ip(node_address(host, facts))]
    except grammar.Malformed:
        return []
    if "," in config.pod_cidr:
        try:
            other = "ipv4" if ":" in addresses[0] else "ipv6"
            addresses.append(grammar.ip((facts.get("default_addresses") or {}).get(other)))
        except grammar.Malformed:
            return []
    return addresses


def _arg(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _secret(name: str) -> str:
    return f"@{name}@"


def _dump(documents: Sequence[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, allow_unicode=False, width=110)
