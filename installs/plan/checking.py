"""What a cluster has to show before it is called healthy, and how it becomes known to the portal."""

from __future__ import annotations

from clusters.access_manifest import ACCOUNT, NAMESPACE, access_manifest
from installs import grammar
from installs.kubeadm_config import FOLDER, api_service_address, dns_address
from installs.plan.shell import ADMIN_CONFIG, quote, script, text_file, until
from installs.plan.site import Site
from installs.plan.starting import etcd_is_healthy, ready_pods
from installs.shapes import Host, Step

CLUSTER_CA = "CLUSTER_CA"
CLUSTER_TOKEN = "CLUSTER_TOKEN"  # noqa: S105

_KUBECTL = f"kubectl --kubeconfig {ADMIN_CONFIG} --request-timeout=10s"
_ACCESS_PATH = f"{FOLDER}/access.yaml"


def healthy(site: Site, stage: int, *, without: Host | None = None) -> list[Step]:
    """The API server, etcd, every node and CoreDNS, looked at from the first control plane."""
    host = site.first
    nodes = [other for other in site.hosts if other != without]
    members = len([other for other in nodes if other.role == "control_plane"])
    steps = [
        Step(
            id=f"control-plane:{host.name}",
            host=host.name,
            stage=stage,
            title="See that API server, etcd, scheduler and controller manager are healthy",
            script=script(
                f"""
{until(f"{_KUBECTL} get --raw=/readyz >/dev/null 2>&1", 120, "The API server does not become ready.")}
{_KUBECTL} get --raw='/livez?verbose'
{_KUBECTL} get --raw='/readyz?verbose'
{etcd_is_healthy(members)}
{_components_ready(members)}
{_KUBECTL} -n kube-system get lease kube-scheduler kube-controller-manager
"""
            ),
            timeout_seconds=600,
        )
    ]
    if site.config.cni == grammar.NO_CNI:
        return steps
    return [
        *steps,
        Step(
            id=f"nodes-ready:{host.name}",
            host=host.name,
            stage=stage,
            title=f"See that {len(nodes)} nodes are Ready",
            script=script(
                "\n".join(
                    until(
                        f"{_KUBECTL} wait --for=condition=Ready --timeout=2s node/{quote(node.name)} >/dev/null 2>&1",
                        300,
                        f"The node {node.name} does not become Ready.",
                    )
                    for node in nodes
                )
                + f"\n{_KUBECTL} get nodes -o wide"
            ),
            timeout_seconds=300 * len(nodes) + 30,
        ),
        dns(site, stage),
    ]


def dns(site: Site, stage: int) -> Step:
    """CoreDNS is rolled out and really answers at the address of its Kubernetes Service."""
    host = site.first
    expected = " ".join(f"{int(part):02x}" for part in api_service_address(site.config).split(".") if part.isdigit())
    name = f"kubernetes.default.svc.{site.config.dns_domain}"
    query = "".join(f"\\{byte:03o}" for byte in dns_query(name))
    # bash's own printf would send a datagram for each newline byte.
    ask = (
        f"exec 3<>/dev/udp/{dns_address(site.config)}/53 && env printf {quote(query)} >&3 && "
        "timeout 3 dd bs=512 count=1 <&3 2>/dev/null | od -An -v -tx1 | tr -d '\\n' | tr -s ' '"
    )
    # bash asks over UDP without a tool that a machine may lack; where it is not, the roll-out has to do.
    answered = f"""
answers() {{
  answer=$(bash -c {quote(ask)} 2>/dev/null || true)
  case "$answer" in *{quote(expected)}*) true ;; *) false ;; esac
}}
if command -v bash >/dev/null 2>&1; then
{until("answers", 90, f"CoreDNS does not answer at {dns_address(site.config)} for {name}.")}
say {quote(f"CoreDNS answers at {dns_address(site.config)}: {name} is {api_service_address(site.config)}.")}
fi
"""
    is_ipv4 = ":" not in api_service_address(site.config)
    return Step(
        id=f"dns:{host.name}",
        host=host.name,
        stage=stage,
        title="See that CoreDNS answers",
        script=script(
            f"""
kubectl --kubeconfig {ADMIN_CONFIG} -n kube-system rollout status --timeout=240s deployment/coredns
{_KUBECTL} -n kube-system get pods -l k8s-app=kube-dns -o wide
{answered if is_ipv4 else ""}
"""
        ),
        timeout_seconds=420,
    )


def register(site: Site, stages: tuple[int, int]) -> list[Step]:
    """A least-privilege account on the cluster, then its row in the portal."""
    host = site.first
    manifest = text_file(_ACCESS_PATH, access_manifest())
    return [
        Step(
            id=f"access:{host.name}",
            host=host.name,
            stage=stages[0],
            title="Make the account that Slipway uses, with no more rights than it needs",
            files=(manifest,),
            script=script(
                f"""
kubectl --kubeconfig {ADMIN_CONFIG} apply -f {_ACCESS_PATH}
say "::give {CLUSTER_TOKEN}=$({_KUBECTL} -n {NAMESPACE} create token {ACCOUNT} --duration 8760h)"
say "::give {CLUSTER_CA}=$(base64 < /etc/kubernetes/pki/ca.crt | tr -d '\\n')"
"""
            ),
            gives=(CLUSTER_TOKEN, CLUSTER_CA),
            timeout_seconds=120,
        ),
        Step(
            id="register",
            host=host.name,
            stage=stages[1],
            title=f"Register the cluster {site.config.name} at {site.config.control_plane_endpoint}",
            script="",
            kind="register",
            needs=(CLUSTER_TOKEN, CLUSTER_CA),
            timeout_seconds=120,
        ),
    ]


def dns_query(name: str) -> bytes:
    """A question for the IPv4 address of a name, as RFC 1035 has it on the wire."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return b"\x53\x4c\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"


def _components_ready(members: int) -> str:
    lines = []
    for component in ("kube-apiserver", "kube-scheduler", "kube-controller-manager"):
        ready = f'[ "$({ready_pods(component)})" -ge {int(members)} ]'
        lines.append(until(ready, 240, f"Not every {component} becomes ready; look at its Pods in kube-system."))
    return "\n".join(lines)
