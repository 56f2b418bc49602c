"""To the next version, in kubeadm's order: first control plane, further control planes, workers, one at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from django.utils.translation import gettext as _

from installs import grammar
from installs.kubeadm_config import PATCHES, ignored_errors
from installs.plan import providing
from installs.plan.checking import healthy
from installs.plan.leaving import drain_commands
from installs.plan.shell import ADMIN_CONFIG, STATE, are_there, quote, script, until, words
from installs.plan.site import PlanRefused, Site
from installs.plan.starting import config_files, etcd_health
from installs.shapes import File, Host, Step

_KUBECTL = f"kubectl --kubeconfig {ADMIN_CONFIG} --request-timeout=10s"
_KUBEADM = frozenset({"kubeadm"})
# There while kubeadm upgrades this host. It writes the version down long before it comes to the addons.
_BEGUN = f"{STATE}/upgrade.started"


def upgrade(site: Site, version: str, drain_seconds: int, stages: Iterator[int]) -> list[Step]:
    """All steps to a version. Raises PlanRefused for a downgrade and for more than one minor at a time."""
    refuse_skew(site.config.kubernetes_version, version)
    if site.bundle and grammar.version(site.bundle.kubernetes_version) != version:
        raise PlanRefused(
            _("The bundle %(bundle)s brings %(has)s, not %(wanted)s.")
            % {"bundle": site.bundle.name, "has": site.bundle.kubernetes_version, "wanted": version},
            next=_("Choose a bundle of that version."),
        )
    site = dataclasses.replace(site, config=dataclasses.replace(site.config, kubernetes_version=version))
    steps: list[Step] = []
    if site.bundle:
        stage = next(stages)
        steps += [providing.images(site, host, stage) for host in site.hosts]
    members = len(site.control_planes)
    for host in (*site.control_planes, *site.workers):
        stage = next(stages)
        steps.append(_kubeadm(site, host, stage))
        if host == site.first:
            steps += [_planned(host, version, stage), _applied(site, host, version, stage)]
        else:
            steps.append(_followed(site, host, version, stage))
        steps.append(_drained(site, host, drain_seconds, next(stages)))
        steps.append(_kubelet(site, host, version, next(stages)))
        steps.append(_back(site, host, version, next(stages)))
        if host.role == "control_plane":
            steps.append(etcd_health(site, members, next(stages), after=host.name))
    return [*steps, *healthy(site, next(stages))]


def refuse_skew(present: str, wanted: str) -> None:
    """kubeadm goes up, and one minor at a time. Raises PlanRefused."""
    (major, minor, _patch), (new_major, new_minor, _new_patch) = grammar.numbers(present), grammar.numbers(wanted)
    if grammar.numbers(wanted) <= grammar.numbers(present):
        raise PlanRefused(
            _("The cluster runs %(present)s; %(wanted)s is no newer version.")
            % {"present": grammar.version(present), "wanted": grammar.version(wanted)}
        )
    if new_major != major or new_minor > minor + 1:
        raise PlanRefused(
            _("kubeadm upgrades one minor version at a time: from %(present)s not to %(wanted)s.")
            % {"present": grammar.version(present), "wanted": grammar.version(wanted)},
            next=_("Upgrade to v%(major)d.%(minor)d first.") % {"major": major, "minor": minor + 1},
        )


def _kubeadm(site: Site, host: Host, stage: int) -> Step:
    version = site.config.kubernetes_version
    files, install = _replacing(site, host, keep=_KUBEADM)
    is_new = f'[ "$(kubeadm version -o short)" = {quote(version)} ]'
    config = config_files(site, host)
    return Step(
        id=f"kubeadm:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Bring kubeadm {version} onto {host.name}",
        files=(*files, *config),
        probe=script(f"{is_new}\n{are_there(config)}"),
        script=script(install),
        verify=script(is_new),
        timeout_seconds=900,
    )


def _planned(host: Host, version: str, stage: int) -> Step:
    return Step(
        id=f"upgrade-plan:{host.name}",
        host=host.name,
        stage=stage,
        title="Let kubeadm say what the upgrade will change",
        script=script(f"kubeadm upgrade plan {quote(version)} --kubeconfig {ADMIN_CONFIG}"),
        timeout_seconds=300,
    )


def _applied(site: Site, host: Host, version: str, stage: int) -> Step:
    done = f"""
{_serves(version)}
{_KUBECTL} -n kube-system get configmap kubeadm-config -o yaml | grep -q {quote(f"kubernetesVersion: {version}")}
"""
    return Step(
        id=f"upgrade-apply:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Upgrade the control plane on {host.name} to {version}",
        probe=script(f"[ ! -e {_BEGUN} ]\n{done}"),
        script=script(
            f"""
mkdir -p {STATE}
: > {_BEGUN}
kubeadm upgrade apply {quote(version)} --yes --kubeconfig {ADMIN_CONFIG} --patches {PATCHES} \\
  {_ignored(ignored_errors(host.name, site.acknowledged))}
rm -f {_BEGUN}
"""
        ),
        verify=script(done),
        # Five minutes for each of four static Pods, pulls before them.
        timeout_seconds=2400,
    )


def _followed(site: Site, host: Host, version: str, stage: int) -> Step:
    is_new = "true"
    if host.role == "control_plane":
        is_new = _serves(version)
    return Step(
        id=f"upgrade-node:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Upgrade the configuration of {host.name} to {version}",
        script=script(
            f"kubeadm upgrade node --patches {PATCHES}{_ignored(ignored_errors(host.name, site.acknowledged))}"
        ),
        verify=script(is_new),
        timeout_seconds=2400,
    )


def _drained(site: Site, host: Host, seconds: int, stage: int) -> Step:
    return Step(
        id=f"drain:{host.name}",
        host=site.first.name,
        stage=stage,
        title=f"Drain {host.name} while its kubelet is changed",
        probe=script(_runs_version(host, site.config.kubernetes_version)),
        script=script(drain_commands(host.name, seconds)),
        verify=script("true"),
        undo=script(f"{_KUBECTL} uncordon {quote(host.name)} || true"),
        timeout_seconds=seconds + 120,
    )


def _kubelet(site: Site, host: Host, version: str, stage: int) -> Step:
    files, install = _replacing(site, host, keep=frozenset())
    # What runs may be the file that lay here before: an interrupted attempt put the new one and restarted nothing.
    is_new = f"""
[ "$(kubelet --version)" = {quote(f"Kubernetes {version}")} ]
systemctl is-active --quiet kubelet
pid=$(systemctl show --property MainPID --value kubelet)
[ "$(readlink "/proc/$pid/exe")" = "$(readlink -f "$(command -v kubelet)")" ]
"""
    return Step(
        id=f"kubelet:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Bring kubelet and kubectl {version} onto {host.name}",
        files=files,
        probe=script(is_new),
        script=script(
            f"""
{install}
systemctl daemon-reload
{"systemctl restart containerd" if site.bundle else ""}
systemctl restart kubelet
{until("systemctl is-active --quiet kubelet", 60, "The kubelet does not stay up.")}
"""
        ),
        timeout_seconds=900,
    )


def _back(site: Site, host: Host, version: str, stage: int) -> Step:
    there = _runs_version(host, version)
    ready = f"{_KUBECTL} wait --for=condition=Ready --timeout=2s node/{quote(host.name)} >/dev/null 2>&1"
    return Step(
        id=f"uncordon:{host.name}",
        host=site.first.name,
        stage=stage,
        title=f"Give {host.name} work again",
        script=script(
            f"""
runs_version() {{
{there}
}}
{until("runs_version", 240, f"The node {host.name} does not show {version}.")}
{until(ready, 240, f"The node {host.name} does not become Ready.")}
kubectl --kubeconfig {ADMIN_CONFIG} uncordon {quote(host.name)}
"""
        ),
        verify=script(f"{there}\n{ready}"),
        timeout_seconds=600,
    )


def _replacing(site: Site, host: Host, keep: frozenset[str]) -> tuple[tuple[File, ...], str]:
    """Files and shell that bring kubeadm alone (`keep` names it), or all but kubeadm, to the version."""
    only_kubeadm = bool(keep)
    if site.bundle:
        files = tuple(
            file for file in providing.bundle_files(site) if (file.path.rpartition("/")[2] == "kubeadm") is only_kubeadm
        )
        return files, f'{are_there(files)} || fail "A file is not what the bundle says: transfer it again."'
    names = ("kubeadm",) if only_kubeadm else ("kubelet", "kubectl")
    return providing.only_packages(site, host, site.config.kubernetes_version, names)


def _runs_version(host: Host, version: str) -> str:
    shown = f"{_KUBECTL} get node {quote(host.name)} -o jsonpath='{{.status.nodeInfo.kubeletVersion}}'"
    return f'[ "$({shown})" = {quote(version)} ]'


def _serves(version: str) -> str:
    """Shell that ends with 0 when this host's own API server is of the version; the endpoint may lead to another."""
    return f"grep -q {quote(f':{version}$')} /etc/kubernetes/manifests/kube-apiserver.yaml"


def _ignored(names: list[str]) -> str:
    return f" --ignore-preflight-errors={words([','.join(names)])}" if names else ""
