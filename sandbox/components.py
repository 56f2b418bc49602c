"""The command line of each program, and where it tells whether it is well."""

import os
from dataclasses import dataclass
from pathlib import Path

from sandbox.certificates import Pki
from sandbox.paths import PACKAGE, StateFolder
from sandbox.ports import LOOPBACK, Ports

SERVICE_RANGE = "10.96.0.0/16"
# Set to "stock" for the controller manager's own limits: 20 requests a second, which benchmarks compare with.
CONTROLLER_RATE = "SLIPWAY_SANDBOX_CONTROLLER_RATE"
# A killed leader's successor waits for its lease, by default 15 s. Renewal is given longer than a busy machine stalls.
LEADER_ELECTION = (
    "--leader-elect-lease-duration=6s",
    "--leader-elect-renew-deadline=4s",
    "--leader-elect-retry-period=1s",
)


@dataclass(frozen=True)
class Component:
    """One program of the control plane."""

    name: str
    argv: tuple[str, ...]
    health_url: str
    # Components that must be well before this one is started for the first time.
    after: tuple[str, ...] = ()
    # Whether this one plays the nodes: it needs its access and the nodes first, and their leases released.
    plays_nodes: bool = False


def components(state: StateFolder, ports: Ports, programs: Path, pki: Pki) -> tuple[Component, ...]:
    """All components, in the order they start."""
    return (
        _etcd(state, ports, programs, pki),
        _api_server(state, ports, programs, pki),
        _controller_manager(state, ports, programs, pki),
        _scheduler(state, ports, programs, pki),
        _kwok(state, ports, programs, pki),
        _prometheus(state, ports, programs),
    )


def api_url(ports: Ports) -> str:
    """Where the API server listens."""
    return f"https://{LOOPBACK}:{ports.api_server}"


def prometheus_url(ports: Ports) -> str:
    """Where Prometheus listens."""
    return f"http://{LOOPBACK}:{ports.prometheus}"


def component_kubeconfig(state: StateFolder, name: str) -> Path:
    """The kubeconfig with which the component of that name signs in."""
    return state.config / f"{name}.kubeconfig"


def _etcd(state: StateFolder, ports: Ports, programs: Path, pki: Pki) -> Component:
    server = pki.pair("etcd-server")
    client_url, peer_url = f"https://{LOOPBACK}:{ports.etcd}", f"https://{LOOPBACK}:{ports.etcd_peer}"
    health = f"http://{LOOPBACK}:{ports.etcd_health}"
    argv = (
        str(programs / "etcd"),
        "--name=sandbox",
        f"--data-dir={state.data('etcd')}",
        f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=sandbox={peer_url}",
        f"--listen-metrics-urls={health}",
        f"--cert-file={server.cert}",
        f"--key-file={server.key}",
        "--client-cert-auth",
        f"--trusted-ca-file={pki.etcd_authority.cert}",
        f"--peer-cert-file={server.cert}",
        f"--peer-key-file={server.key}",
        "--peer-client-cert-auth",
        f"--peer-trusted-ca-file={pki.etcd_authority.cert}",
        # Losing the last moments at a power cut is no loss here; a write without fsync is ten times faster.
        "--unsafe-no-fsync",
        "--log-level=warn",
    )
    return Component("etcd", argv, f"{health}/health")


def _api_server(state: StateFolder, ports: Ports, programs: Path, pki: Pki) -> Component:
    server, etcd_client = pki.pair("server"), pki.pair("etcd-client")
    argv = (
        str(programs / "kube-apiserver"),
        f"--etcd-servers=https://{LOOPBACK}:{ports.etcd}",
        f"--etcd-cafile={pki.etcd_authority.cert}",
        f"--etcd-certfile={etcd_client.cert}",
        f"--etcd-keyfile={etcd_client.key}",
        f"--bind-address={LOOPBACK}",
        # Without a default route the server finds no address of its own to advertise.
        f"--advertise-address={LOOPBACK}",
        "--endpoint-reconciler-type=none",
        f"--secure-port={ports.api_server}",
        f"--tls-cert-file={server.cert}",
        f"--tls-private-key-file={server.key}",
        f"--client-ca-file={pki.authority.cert}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki.service_account_key}",
        f"--service-account-signing-key-file={pki.service_account_key}",
        f"--audit-policy-file={PACKAGE / 'cluster' / 'audit-policy.yaml'}",
        f"--audit-log-path={state.audit_log}",
        "--audit-log-maxsize=50",
        "--audit-log-maxbackup=1",
        "--profiling=false",
    )
    return Component("kube-apiserver", argv, f"{api_url(ports)}/readyz", after=("etcd",))


def _controller_manager(state: StateFolder, ports: Ports, programs: Path, pki: Pki) -> Component:
    server, authority = pki.pair("server"), pki.authority
    kubeconfig = component_kubeconfig(state, "kube-controller-manager")
    rate = () if os.environ.get(CONTROLLER_RATE) == "stock" else ("--kube-api-qps=500", "--kube-api-burst=1000")
    argv = (
        str(programs / "kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        # Nobody signs in to this port: health is open to all, and the rest to no one.
        f"--authorization-kubeconfig={kubeconfig}",
        "--authentication-skip-lookup",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports.controller_manager}",
        f"--tls-cert-file={server.cert}",
        f"--tls-private-key-file={server.key}",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki.service_account_key}",
        f"--root-ca-file={authority.cert}",
        f"--cluster-signing-cert-file={authority.cert}",
        f"--cluster-signing-key-file={authority.key}",
        "--profiling=false",
        *LEADER_ELECTION,
        *rate,
    )
    url = f"https://{LOOPBACK}:{ports.controller_manager}/healthz"
    return Component("kube-controller-manager", argv, url, after=("kube-apiserver",))


def _scheduler(state: StateFolder, ports: Ports, programs: Path, pki: Pki) -> Component:
    server = pki.pair("server")
    kubeconfig = component_kubeconfig(state, "kube-scheduler")
    argv = (
        str(programs / "kube-scheduler"),
        f"--kubeconfig={kubeconfig}",
        # Nobody signs in to this port: health is open to all, and the rest to no one.
        f"--authorization-kubeconfig={kubeconfig}",
        "--authentication-skip-lookup",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports.scheduler}",
        f"--tls-cert-file={server.cert}",
        f"--tls-private-key-file={server.key}",
        *LEADER_ELECTION,
    )
    return Component("kube-scheduler", argv, f"https://{LOOPBACK}:{ports.scheduler}/healthz", after=("kube-apiserver",))


def _kwok(state: StateFolder, ports: Ports, programs: Path, pki: Pki) -> Component:
    argv = (
        str(programs / "kwok"),
        f"--kubeconfig={component_kubeconfig(state, 'kwok')}",
        f"--config={state.config / 'kwok.yaml'}",
        "--manage-all-nodes",
        f"--node-ip={LOOPBACK}",
        f"--node-port={ports.kwok}",
        f"--server-address={LOOPBACK}:{ports.kwok}",
        # After a kill the next KWOK waits for these, unless bootstrap.release_nodes could delete them.
        "--node-lease-duration-seconds=8",
        "--v=WARN",
    )
    url = f"http://{LOOPBACK}:{ports.kwok}/healthz"
    return Component("kwok", argv, url, after=("kube-apiserver",), plays_nodes=True)


def _prometheus(state: StateFolder, ports: Ports, programs: Path) -> Component:
    argv = (
        str(programs / "prometheus"),
        f"--config.file={state.config / 'prometheus.yaml'}",
        f"--storage.tsdb.path={state.data('prometheus')}",
        "--storage.tsdb.retention.time=6h",
        "--storage.tsdb.retention.size=256MB",
        f"--web.listen-address={LOOPBACK}:{ports.prometheus}",
        "--log.level=warn",
    )
    return Component("prometheus", argv, f"{prometheus_url(ports)}/-/ready")
