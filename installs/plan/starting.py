"""From prepared machines to a cluster: validate, init, network, further control planes, workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from installs import grammar
from installs.kubeadm_config import (
    CA_CERT_HASH,
    CERTIFICATE_KEY,
    CONFIG_PATH,
    CRI_SOCKET,
    FOLDER,
    JOIN_SECRETS,
    JOIN_TOKEN,
    KUBELET_PATCH_PATH,
)
from installs.plan.shell import ADMIN_CONFIG, STATE, are_there, quote, script, text_file, until
from installs.plan.site import PlanRefused, Site
from installs.shapes import File, Host, Step

BATCH = 5
# kubeadm's own waits: 4 minutes for the kubelet and 4 for the control plane, 5 for discovery and 5 for the TLS
# bootstrap. A step ends after them, so that kubeadm's own words about the reason are in the log.
_INIT_SECONDS = 900
_JOIN_SECONDS = 1320

_KUBECTL = f"kubectl --kubeconfig {ADMIN_CONFIG} --request-timeout=10s"
_CNI_PATH = f"{FOLDER}/network.yaml"
_FILLED = "/run/slipway-kubeadm.yaml"
_CERTIFICATE_KEY_MADE = f"{CERTIFICATE_KEY}=$(kubeadm certs certificate-key)\nexport {CERTIFICATE_KEY}"
# What kubeadm leaves behind on purpose, and the networks that bridges and CNI plugins made. Never the machine's own.
_LEFTOVER_LINKS = ("cni0", "flannel.1", "kube-bridge", "kube-ipvs0", "kube-dummy-if", "dummy0.kube", "vxlan.calico")


def configure(site: Site, host: Host, stage: int) -> Step:
    """The host's configuration for kubeadm, with kubeadm as its judge."""
    files = config_files(site, host)
    return Step(
        id=f"configure:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Let kubeadm validate the configuration of {host.name}",
        files=files,
        script=script(
            f"""
umask 077
{_filled_in({JOIN_TOKEN: "abcdef.0123456789abcdef", CA_CERT_HASH: f"sha256:{'0' * 64}", CERTIFICATE_KEY: "0" * 64})}
kubeadm config validate --config {_FILLED}
"""
        ),
        verify=script(are_there(files)),
        undo=script(f"rm -rf {FOLDER}"),
        timeout_seconds=120,
    )


def config_files(site: Site, host: Host) -> tuple[File, ...]:
    """The files that kubeadm reads on a host. No secret is in them."""
    return (
        text_file(CONFIG_PATH, site.kubeadm_yaml(host), 0o600),
        text_file(KUBELET_PATCH_PATH, site.kubelet_patch(host), 0o600),
    )


def init(site: Site, stage: int) -> Step:
    """`kubeadm init --upload-certs` on the first control plane. What it would print of secrets is not printed."""
    host = site.first
    ready = f"""
[ -f {ADMIN_CONFIG} ]
{_KUBECTL} get --raw=/readyz >/dev/null
{_KUBECTL} -n kube-system get configmap kubeadm-config kubelet-config >/dev/null
{_KUBECTL} -n kube-system get daemonset kube-proxy >/dev/null
{_KUBECTL} -n kube-system get deployment coredns >/dev/null
"""
    return Step(
        id=f"init:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Start the control plane on {host.name}",
        files=config_files(site, host),
        probe=script(f"[ ! -e {STATE}/kubeadm.started ]\n{ready}"),
        script=script(
            f"""
{_begun_afresh()}
{_CERTIFICATE_KEY_MADE}
{_filled_in({})}
kubeadm init --config {_FILLED} --upload-certs --skip-certificate-key-print --skip-token-print
{until(f"{_KUBECTL} get --raw=/readyz >/dev/null 2>&1", 60, "The API server does not become ready.")}
rm -f {STATE}/kubeadm.started
"""
        ),
        verify=script(ready),
        undo=script(reset_commands()),
        timeout_seconds=_INIT_SECONDS,
    )


def network(site: Site, stage: int) -> list[Step]:
    """The CNI manifest. Nodes become Ready with it."""
    if site.config.cni == grammar.NO_CNI:
        return []
    host = site.first
    file = _cni_file(site)
    unready = f"The node {host.name} does not become Ready with this network; look at its Pods in kube-system."
    return [
        Step(
            id=f"network:{host.name}",
            host=host.name,
            stage=stage,
            title=f"Apply the network {site.config.cni}",
            files=(file,),
            script=script(
                f"""
{until(f"{_KUBECTL} get --raw=/readyz >/dev/null 2>&1", 60, "The API server does not answer.")}
kubectl --kubeconfig {ADMIN_CONFIG} apply -f {_CNI_PATH}
{until(_is_ready(host.name), 240, unready)}
"""
            ),
            verify=script(f"{_KUBECTL} get -f {_CNI_PATH} >/dev/null\n{_is_ready(host.name)}"),
            undo=script(
                f"kubectl --kubeconfig {ADMIN_CONFIG} delete --ignore-not-found --timeout=60s -f {_CNI_PATH} || true"
            ),
            timeout_seconds=420,
        )
    ]


def join_secrets(site: Site, stage: int, *, control_planes: bool) -> Step:
    """What a join needs: a token for 24 hours, the CA's hash, and for control planes a key to the shared certificates.

    Always made anew: the key is worth nothing after two hours, when the cluster forgets what it opens.
    """
    host = site.first
    upload = f"""
{_CERTIFICATE_KEY_MADE}
say "::give {CERTIFICATE_KEY}=${CERTIFICATE_KEY}"
{_filled_in({})}
kubeadm init phase upload-certs --upload-certs --skip-certificate-key-print --config {_FILLED}
"""
    return Step(
        id=f"join-secrets:{host.name}",
        host=host.name,
        stage=stage,
        title="Make a token to join with" + (" and share the certificates for two hours" if control_planes else ""),
        script=script(
            f"""
made=$(kubeadm token create --ttl 24h --description 'made by Slipway to join hosts' --print-join-command \\
  --kubeconfig {ADMIN_CONFIG})
token=$(printf '%s\\n' "$made" | sed -n 's/.*--token \\([a-z0-9.]*\\).*/\\1/p')
hash=$(printf '%s\\n' "$made" | sed -n 's/.*--discovery-token-ca-cert-hash \\(sha256:[0-9a-f]*\\).*/\\1/p')
[ -n "$token" ] && [ -n "$hash" ] || fail "kubeadm made no token."
say "::give {JOIN_TOKEN}=$token"
say "::give {CA_CERT_HASH}=$hash"
{upload if control_planes else ""}
"""
        ),
        # The first control plane may have joined once, and have that configuration still.
        files=config_files(site, host) if control_planes else (),
        gives=JOIN_SECRETS if control_planes else (JOIN_TOKEN, CA_CERT_HASH),
        timeout_seconds=120,
    )


def join(site: Site, host: Host, stage: int) -> Step:
    """`kubeadm join` of one host."""
    is_control_plane = host.role == "control_plane"
    needs = JOIN_SECRETS if is_control_plane else (JOIN_TOKEN, CA_CERT_HASH)
    unseen = f"The node {host.name} does not show in the cluster."
    needed = "\n".join(f': "${{{name}:?is not known: make the secrets of the join again}}"' for name in needs)
    # A node may read itself with its own kubelet's credentials.
    joined = f"""
[ -f /etc/kubernetes/kubelet.conf ]
kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s get node {quote(host.name)} >/dev/null
systemctl is-active --quiet kubelet
"""
    if is_control_plane:
        joined += f"""
[ -f {ADMIN_CONFIG} ]
[ -f /etc/kubernetes/manifests/etcd.yaml ]
[ -f /etc/kubernetes/manifests/kube-apiserver.yaml ]
"""
    return Step(
        id=f"join:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Join {host.name} as {'control plane' if is_control_plane else 'worker'}",
        files=config_files(site, host),
        probe=script(f"[ ! -e {STATE}/kubeadm.started ]\n{joined}"),
        script=script(
            f"""
{needed}
{_member_forgotten(site, host)}
{_begun_afresh()}
{_filled_in({})}
kubeadm join --config {_FILLED}
{until(f"kubectl --kubeconfig /etc/kubernetes/kubelet.conf get node {quote(host.name)} >/dev/null 2>&1", 60, unseen)}
rm -f {STATE}/kubeadm.started
"""
        ),
        verify=script(joined),
        undo=script(reset_commands()),
        needs=needs,
        timeout_seconds=_JOIN_SECONDS,
    )


def etcd_health(site: Site, expected: int, stage: int, *, after: str) -> Step:
    """Every member of etcd answers before the next control plane may change its quorum.

    A member's readiness is a linearizable read, so a ready member proves that the quorum stands.
    """
    host = site.first
    check = etcd_is_healthy(expected)
    return Step(
        id=f"etcd-after-{after}:{host.name}",
        host=host.name,
        stage=stage,
        title=f"See that all {expected} members of etcd are healthy",
        script=script(check),
        verify=script("true"),
        timeout_seconds=300,
    )


def etcd_is_healthy(expected: int) -> str:
    """Shell that waits for so many ready members, then shows them."""
    wait = until("etcd_ready", 240, f"etcd has fewer than {expected} ready members; its quorum would be at risk.")
    return f"""
etcd_pods() {{ {_KUBECTL} -n kube-system get pods -l component=etcd,tier=control-plane "$@"; }}
etcd_ready() {{
  [ "$({ready_pods("etcd")})" -ge {int(expected)} ] && {_KUBECTL} get --raw=/readyz/etcd >/dev/null 2>&1
}}
{wait}
etcd_pods -o wide
member=$(etcd_pods -o name | head -n 1)
# Images of etcd may come without etcdctl; readiness has shown the same.
{_KUBECTL} -n kube-system exec "$member" -- etcdctl --cacert /etc/kubernetes/pki/etcd/ca.crt \\
  --cert /etc/kubernetes/pki/etcd/server.crt --key /etc/kubernetes/pki/etcd/server.key \\
  endpoint health --cluster 2>/dev/null || true
"""


def ready_pods(component: str) -> str:
    """Shell that counts the ready Pods of a component of the control plane; what is on its way out counts no more."""
    template = (
        "{{range .items}}{{if not .metadata.deletionTimestamp}}{{range .status.conditions}}"
        '{{if eq .type "Ready"}}{{.status}}{{"\\n"}}{{end}}{{end}}{{end}}{{end}}'
    )
    return (
        f"{_KUBECTL} -n kube-system get pods -l component={quote(component)},tier=control-plane "
        f"-o go-template={quote(template)} 2>/dev/null | grep -c '^True$' || true"
    )


def joins(site: Site, joining: Iterable[Host], stages: Iterator[int], members: int) -> list[Step]:
    """All steps from a cluster with so many control planes to one with the joining hosts too.

    Control planes one by one, with a look at etcd between; workers in batches.
    """
    joining = list(joining)
    control_planes = [host for host in joining if host.role == "control_plane"]
    workers = [host for host in joining if host.role == "worker"]
    if not joining:
        return []
    steps = [join_secrets(site, next(stages), control_planes=bool(control_planes))]
    for host in control_planes:
        steps.append(join(site, host, next(stages)))
        members += 1
        steps.append(etcd_health(site, members, next(stages), after=host.name))
    for batch in _batches(workers):
        stage = next(stages)
        steps += [join(site, host, stage) for host in batch]
    return steps


def reset_commands() -> str:
    """Shell that takes Kubernetes off a machine, as far as it got: kubeadm's reset, and what that leaves on purpose."""
    links = " ".join(_LEFTOVER_LINKS)
    return f"""
if command -v kubeadm >/dev/null 2>&1; then
  kubeadm reset --force --cri-socket {CRI_SOCKET} || say "kubeadm reset did not end well; cleaning up without it."
fi
systemctl stop kubelet 2>/dev/null || true
rm -rf /var/lib/cni /var/lib/kube-router /etc/kubernetes/manifests /etc/kubernetes/pki
rm -f /etc/kubernetes/*.conf
# containerd watches the folder of its networks, and ends when the folder itself goes.
for folder in /etc/cni/net.d /var/lib/etcd; do
  [ ! -d $folder ] || find $folder -mindepth 1 -delete
done
[ ! -d /var/lib/kubelet ] || {{
  # Volumes of Pods are never deleted through a mount that is still there.
  awk '$2 ~ "^/var/lib/kubelet/" {{ print $2 }}' /proc/mounts | sort -r | while read -r mount; do
    umount "$mount" || umount -l "$mount" || true
  done
  find /var/lib/kubelet -xdev -mindepth 1 -delete || true
}}
for family in iptables ip6tables; do
  command -v $family-save >/dev/null 2>&1 || continue
  # Only chains of Kubernetes and its networks go; the machine's own rules stay.
  $family-save 2>/dev/null | grep -Ev -e '(:|-A |-j |-g )(KUBE|CNI|cali|FLANNEL|CILIUM)' | $family-restore || true
done
if command -v ipvsadm >/dev/null 2>&1; then ipvsadm --clear || true; fi
if command -v ipset >/dev/null 2>&1; then
  ipset list -n 2>/dev/null | grep -E '^(inet6:)?(KUBE|kube-router|cali)' |
  while read -r set; do ipset destroy "$set" || true; done
fi
if command -v nft >/dev/null 2>&1; then
  nft delete table ip kube-proxy 2>/dev/null || true
  nft delete table ip6 kube-proxy 2>/dev/null || true
fi
# Networks leave routes to the Pods of other nodes: kube-router's are of protocol 17, those of Calico's bird of 12.
for protocol in 12 17; do
  ip -4 route flush proto $protocol 2>/dev/null || true
  ip -6 route flush proto $protocol 2>/dev/null || true
done
for link in {links}; do
  [ ! -e /sys/class/net/$link ] || ip link delete $link || true
done
rm -f {STATE}/kubeadm.started {_FILLED}
systemctl daemon-reload
"""


def etcd_member(site: Site, teller: Host, host: Host) -> str:
    """Shell that lists etcd's members through one of them into `listed`, and the number of the host's into `member`.

    A member that never started has no name yet, so its peer address counts as well.
    """
    address = site.address_of(host)
    peer = f"https://[{address}]:2380" if ":" in address else f"https://{address}:2380"
    return f"""
etcdctl() {{
  kubectl --kubeconfig {ADMIN_CONFIG} --request-timeout=30s -n kube-system exec {quote(f"etcd-{teller.name}")} -- \\
    etcdctl --cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt \\
    --key /etc/kubernetes/pki/etcd/server.key "$@"
}}
listed=$(etcdctl member list)
member=$(printf '%s\\n' "$listed" | awk -F', ' -v name={quote(host.name)} -v peer={quote(peer)} \\
  '$3 == name || $4 == peer {{ print $1 }}')
"""


def _member_forgotten(site: Site, host: Host) -> str:
    """Shell that takes back the member that an interrupted join announced: kubeadm's reset knows only whole nodes.

    Left in etcd it would count for the quorum, and make the next join wait longer than its kubelet does.
    """
    if host.role != "control_plane" or host == site.first:
        return ""
    return f"""
if [ -e {STATE}/kubeadm.started ] && [ -f {ADMIN_CONFIG} ]; then
  systemctl stop kubelet 2>/dev/null || true
  (
{etcd_member(site, site.first, host)}
  [ -z "$member" ] || etcdctl member remove "$member"
  ) || say "etcd could not be asked for a member of an interrupted join."
fi
"""


def _begun_afresh() -> str:
    """Shell that leaves a mark while kubeadm works, and takes back what an interrupted kubeadm of ours left.

    kubeadm goes on from nowhere: after a reboot or a kill in its middle only a reset and a new start lead on. Without
    the mark what is there belongs to somebody else, and kubeadm refuses it.
    """
    return f"""
mkdir -p {STATE}
if [ -e {STATE}/kubeadm.started ]; then
  say "An earlier attempt did not come to its end: taking back what it left."
  (
{reset_commands()}
  )
fi
systemctl enable kubelet
: > {STATE}/kubeadm.started
"""


def _filled_in(known: dict[str, str]) -> str:
    """Shell that writes the configuration with its secrets to a file of /run.

    From the environment or, to validate only, from stand-ins. awk reads them from there: no secret is an argument.
    """
    exports = "".join(f"export {name}={quote(value)}\n" for name, value in known.items())
    names = " ".join(JOIN_SECRETS)
    return f"""\
umask 077
trap 'rm -f {_FILLED}' EXIT
{exports}awk 'BEGIN {{ count = split("{names}", names, " ") }}
{{
  for (i = 1; i <= count; i++) if (names[i] in ENVIRON) gsub("@" names[i] "@", ENVIRON[names[i]])
  print
}}' {CONFIG_PATH} > {_FILLED}"""


def _cni_file(site: Site) -> File:
    """The manifest of the network: the user's own, else the bundle's of its name."""
    config = site.config
    if config.cni_manifest:
        return text_file(_CNI_PATH, config.cni_manifest)
    member = site.bundle.manifest(config.cni) if site.bundle else None
    if member is None:
        raise PlanRefused(
            _("There is no manifest for the network %(cni)s.") % {"cni": config.cni},
            next=_("Give the manifest itself, or choose a bundle that has it."),
        )
    return File(path=_CNI_PATH, member=member.path, sha256=member.sha256)


def _is_ready(node: str) -> str:
    return f"{_KUBECTL} wait --for=condition=Ready --timeout=2s node/{quote(node)} >/dev/null 2>&1"


def _batches(workers: list[Host]) -> Iterator[tuple[Host, ...]]:
    return (tuple(workers[at : at + BATCH]) for at in range(0, len(workers), BATCH))
