"""Certificates of the control planes: looked at, renewed, and taken up by what runs."""

from __future__ import annotations

from collections.abc import Iterator

from installs.kubeadm_config import CRI_SOCKET
from installs.plan.checking import healthy
from installs.plan.shell import ADMIN_CONFIG, STATE, script, until
from installs.plan.site import Site
from installs.plan.starting import etcd_health
from installs.shapes import Host, Step

# kubeadm's leaf certificates live for 365 days; what has fewer left was not renewed today.
_FRESH_SECONDS = 364 * 86400 - 3600
_COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_KUBECTL = f"kubectl --kubeconfig {ADMIN_CONFIG} --request-timeout=10s"


def renew(site: Site, stages: Iterator[int]) -> list[Step]:
    """One control plane after the other, so that API and etcd stay there throughout where there are several."""
    steps: list[Step] = []
    members = len(site.control_planes)
    for host in site.control_planes:
        stage = next(stages)
        steps += [renewed(host, stage), restarted(host, stage)]
        steps.append(etcd_health(site, members, next(stages), after=host.name))
    return [*steps, *healthy(site, next(stages))]


def renewed(host: Host, stage: int) -> Step:
    """`kubeadm certs renew all`, with the state before and after in the log.

    Without a probe: who asks for new certificates gets new ones, even where the old ones have long to live.
    """
    fresh = f"""
kubeadm certs check-expiration -o json 2>/dev/null | tr ',{{}}' '\\n' |
  awk '/"certificateAuthorities"/ {{ exit }}
       /"residualTime"/ {{ count++; split($0, parts, ":"); late = parts[2] + 0 < {_FRESH_SECONDS}; old += late }}
       # super-admin.conf is on the first control plane alone; elsewhere it is told with no time left.
       /"missing": *true/ {{ count--; old -= late }}
       END {{ exit (count == 0 || old > 0) }}'
"""
    return Step(
        id=f"renew:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Renew the certificates of {host.name}",
        script=script(
            f"""
kubeadm certs check-expiration
mkdir -p {STATE}
: > {STATE}/restart-control-plane
kubeadm certs renew all
kubeadm certs check-expiration
"""
        ),
        verify=script(fresh),
        timeout_seconds=300,
    )


def restarted(host: Host, stage: int) -> Step:
    """Every static Pod of the control plane made anew: they read certificates only when they start."""
    each = "\n".join(_restart(component) for component in _COMPONENTS)
    back = until(f"{_KUBECTL} get --raw=/readyz >/dev/null 2>&1", 180, "The API server does not come back.")
    return Step(
        id=f"restart-control-plane:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Restart the control plane of {host.name} with the new certificates",
        probe=script(f"[ ! -e {STATE}/restart-control-plane ]\n{_KUBECTL} get --raw=/readyz >/dev/null"),
        script=script(
            f'crictl() {{ command crictl --runtime-endpoint {CRI_SOCKET} "$@"; }}\n{each}\n{back}\n'
            f"rm -f {STATE}/restart-control-plane"
        ),
        timeout_seconds=900,
    )


def _restart(component: str) -> str:
    """Shell that ends a component's sandbox and waits until the kubelet has made it again."""
    return f"""
before=$(crictl ps -q --state Running --name '^{component}$' || true)
for pod in $(crictl pods -q --namespace kube-system --state Ready --label component={component},tier=control-plane); do
  crictl stopp "$pod"
done
renewed() {{
  now=$(crictl ps -q --state Running --name '^{component}$' 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$before" ]
}}
{until("renewed", 180, f"{component} is not started again; see journalctl -u kubelet.")}
say "{component} runs anew."
"""
