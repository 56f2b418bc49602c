"""Taking machines out of a cluster, and a cluster off its machines."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from installs import grammar
from installs.plan import preparing
from installs.plan.shell import ADMIN_CONFIG, quote, script, until
from installs.plan.site import PlanRefused, Site
from installs.plan.starting import config_files, etcd_health, etcd_member, reset_commands
from installs.shapes import Host, Step

DRAIN_SECONDS = 300
# How long workloads get when all of the cluster goes: nothing is left to move to, but volumes shall be let go.
_LAST_DRAIN_SECONDS = 60

_KUBECTL = f"kubectl --kubeconfig {ADMIN_CONFIG} --request-timeout=10s"


def reset(site: Site, stages: Iterator[int]) -> list[Step]:
    """The cluster off all machines, in the reverse order of its making: the first control plane last."""
    steps = [_let_go(site, next(stages))] if site.workers else []
    stage = next(stages)
    steps += [clean(host, stage) for host in site.workers]
    steps += [clean(host, next(stages)) for host in reversed(site.control_planes)]
    stage = next(stages)
    for host in site.hosts:
        steps += put_back(site, host, stage)
    return steps


def remove_node(site: Site, name: str, drain_seconds: int, is_gone: bool, stages: Iterator[int]) -> list[Step]:
    """One host out of the cluster: cordon, drain, its member out of etcd, the machine reset, the node deleted.

    Of a machine that is gone only the cluster's memory is cleaned, from another control plane.

    Raises PlanRefused for the last control plane, and for the one whose own address is the cluster's endpoint.
    """
    host = site.host(name)
    if host.role == "control_plane":
        if len(site.control_planes) == 1:
            raise PlanRefused(
                _("%(host)s is the only control plane: without it there is no cluster.") % {"host": name},
                next=_("Reset the install, or add a control plane first."),
            )
        if grammar.endpoint_host(site.config.control_plane_endpoint) in (host.address, site.address_of(host), name):
            raise PlanRefused(
                _("The cluster's endpoint is the address of %(host)s: all nodes speak to the API there.")
                % {"host": name},
                next=_("Move the endpoint to another address first."),
            )
    teller = next(other for other in site.control_planes if other != host)
    steps = [] if is_gone else [drain(teller, host, drain_seconds, next(stages))]
    if host.role == "control_plane":
        steps.append(_forget_member(site, teller, host, next(stages)) if is_gone else _leave_etcd(host, next(stages)))
    if not is_gone:
        steps.append(clean(host, next(stages)))
    steps.append(delete(teller, host, next(stages)))
    if host.role == "control_plane":
        rest = Site(
            site.config,
            tuple(other for other in site.hosts if other != host),
            site.facts,
            site.acknowledged,
            site.bundle,
        )
        steps.append(etcd_health(rest, len(rest.control_planes), next(stages), after=f"{name}-left"))
    if not is_gone:
        steps += put_back(site, host, next(stages))
    return steps


def drain(teller: Host, host: Host, seconds: int, stage: int) -> Step:
    """Cordon and drain, with respect to disruption budgets, within a time. What blocks is told by name."""
    node = quote(host.name)
    return Step(
        id=f"drain:{host.name}",
        host=teller.name,
        stage=stage,
        title=f"Drain {host.name}",
        probe=script(f"! {_KUBECTL} get node {node} >/dev/null 2>&1 && {_KUBECTL} get --raw=/readyz >/dev/null"),
        script=script(drain_commands(host.name, seconds)),
        verify=script("true"),
        undo=script(f"{_KUBECTL} uncordon {node} || true"),
        timeout_seconds=seconds + 120,
    )


def drain_commands(name: str, seconds: int) -> str:
    """Shell that drains a node, or tells which disruption budgets and Pods stood in the way."""
    node = quote(name)
    budgets = (
        "{{range .items}}{{if eq .status.disruptionsAllowed 0}}{{.metadata.namespace}} {{.metadata.name}} "
        '{{range $key, $value := .spec.selector.matchLabels}}{{$key}}={{$value}},{{end}}{{"\\n"}}{{end}}{{end}}'
    )
    return f"""
kubectl --kubeconfig {ADMIN_CONFIG} cordon {node}
if ! kubectl --kubeconfig {ADMIN_CONFIG} drain {node} --ignore-daemonsets --delete-emptydir-data \\
    --timeout={int(seconds)}s; then
  say "What is still on {name}:"
  {_KUBECTL} get pods -A --field-selector spec.nodeName={node} -o wide || true
  {_KUBECTL} get poddisruptionbudgets -A -o go-template={quote(budgets)} 2>/dev/null |
  while read -r namespace budget selector; do
    held=$({_KUBECTL} -n "$namespace" get pods -l "${{selector%,}}" --field-selector spec.nodeName={node} \\
      -o jsonpath='{{.items[*].metadata.name}}')
    [ -z "$held" ] || say "The disruption budget $namespace/$budget allows no eviction of: $held"
  done
  fail "{name} could not be drained within {int(seconds)} s. It stays cordoned: run more replicas elsewhere and retry."
fi
"""


def delete(teller: Host, host: Host, stage: int) -> Step:
    """The node's object, from which nothing more comes back once its kubelet is gone."""
    node = quote(host.name)
    gone = script(f'[ -z "$({_KUBECTL} get node {node} --ignore-not-found -o name)" ]')
    return Step(
        id=f"delete:{host.name}",
        host=teller.name,
        stage=stage,
        title=f"Delete the node {host.name}",
        probe=gone,
        script=script(f"{_KUBECTL} delete node {node} --ignore-not-found --wait=false"),
        verify=gone,
        timeout_seconds=60,
    )


def clean(host: Host, stage: int) -> Step:
    """`kubeadm reset` and what it leaves: CNI configuration, chains of iptables, links."""
    clean_now = script(
        """
[ ! -e /etc/kubernetes/kubelet.conf ]
[ ! -e /etc/kubernetes/admin.conf ]
[ ! -d /etc/kubernetes/manifests ] || [ -z "$(ls -A /etc/kubernetes/manifests)" ]
[ ! -d /var/lib/etcd ] || [ -z "$(ls -A /var/lib/etcd)" ]
[ ! -d /etc/cni/net.d ] || [ -z "$(ls -A /etc/cni/net.d)" ]
! systemctl is-active --quiet kubelet
"""
    )
    return Step(
        id=f"reset:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Reset {host.name}",
        probe=clean_now,
        script=script(reset_commands()),
        verify=clean_now,
        timeout_seconds=600,
    )


def put_back(site: Site, host: Host, stage: int) -> list[Step]:
    """What was changed on the machine before Kubernetes came, as it was. Packages and binaries stay, at rest."""
    undone = [step for step in preparing.prepare(site, host, stage) if step.undo]
    files = " ".join(quote(file.path) for file in config_files(site, host))
    return [
        Step(
            id=f"put-back:{host.name}",
            host=host.name,
            stage=stage,
            title=f"Take back what was prepared on {host.name}",
            script=script(f"systemctl disable --now kubelet 2>/dev/null || true\nrm -f {files}"),
            timeout_seconds=120,
        ),
        *(
            Step(
                id=f"put-back-{step.id}",
                host=host.name,
                stage=stage,
                title=f"Take back: {step.title}",
                script=step.undo,
                timeout_seconds=120,
            )
            for step in reversed(undone)
        ),
    ]


def _let_go(site: Site, stage: int) -> Step:
    """All workers drained for a short time, so that volumes are let go, if the cluster answers at all."""
    host = site.first
    names = " ".join(quote(worker.name) for worker in site.workers)
    return Step(
        id=f"let-go:{host.name}",
        host=host.name,
        stage=stage,
        title="End the workloads as far as the cluster still answers",
        script=script(
            f"""
if [ -f {ADMIN_CONFIG} ] && {_KUBECTL} get --raw=/readyz >/dev/null 2>&1; then
  for node in {names}; do {_KUBECTL} cordon "$node" || true; done
  kubectl --kubeconfig {ADMIN_CONFIG} drain {names} --ignore-daemonsets --delete-emptydir-data --force \\
    --disable-eviction --timeout={_LAST_DRAIN_SECONDS}s || say "Not everything ended in time."
  for node in {names}; do {_KUBECTL} delete node "$node" --ignore-not-found --wait=false || true; done
else
  say "The cluster does not answer; its machines are reset one by one."
fi
"""
        ),
        timeout_seconds=_LAST_DRAIN_SECONDS + 120 + 20 * len(site.workers),
    )


def _forget_member(site: Site, teller: Host, host: Host, stage: int) -> Step:
    """The member of a machine that is gone out of etcd, by another one: until then it counts for the quorum."""
    members = etcd_member(site, teller, host)
    return Step(
        id=f"leave-etcd:{host.name}",
        host=teller.name,
        stage=stage,
        title=f"Take the member of {host.name} out of etcd",
        probe=script(f'{members}\n[ -z "$member" ]'),
        script=script(f'{members}\nsay "$listed"\n[ -z "$member" ] || etcdctl member remove "$member"'),
        timeout_seconds=120,
    )


def _leave_etcd(host: Host, stage: int) -> Step:
    """The member out of etcd while it still runs. kubeadm only warns when that fails; here it stops the run."""
    return Step(
        id=f"leave-etcd:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Take {host.name} out of etcd",
        probe=script("[ ! -d /var/lib/etcd/member ]"),
        script=script(
            f"""
out=$(kubeadm reset phase remove-etcd-member --kubeconfig {ADMIN_CONFIG} 2>&1) || {{ say "$out"; exit 1; }}
say "$out"
case "$out" in
  *"Failed to remove etcd member"*) fail "etcd did not let its member go: mend the quorum first, then retry." ;;
esac
# The kubelet would start etcd again, which then makes an empty member in the folder that was cleaned.
rm -f /etc/kubernetes/manifests/etcd.yaml
{until("! pgrep -x etcd >/dev/null 2>&1", 90, "etcd was taken out of its cluster and does not end.")}
[ ! -d /var/lib/etcd ] || find /var/lib/etcd -mindepth 1 -delete
"""
        ),
        verify=script("[ ! -d /var/lib/etcd/member ]"),
        timeout_seconds=300,
    )
