"""What concerns the cluster as a whole: its networks, its control planes, its images and its network's manifest."""

from __future__ import annotations

from installs import networks
from installs.checks import fixes
from installs.checks.seen import All, Finding, Seen, failed, listed, passed, skipped, unknown, version_of, warned

# Kubernetes minors that a network's own documentation supports: Calico 3.31, Cilium 1.19. None: every later one.
_NETWORKS: dict[str, tuple[tuple[int, int], tuple[int, int] | None]] = {
    "calico": ((1, 23), (1, 34)),
    "cilium": ((1, 23), (1, 34)),
    "flannel": ((1, 23), None),
    "kube-router": ((1, 23), None),
}
_HA_DOC = "https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/high-availability/"


def networks_of_host(seen: Seen) -> Finding:
    """No route and no address of the host lies in the networks of pods and services."""
    expected = (
        f"no route or address of the host within pods {seen.config.pod_cidr} or services {seen.config.service_cidr}"
    )
    if seen.is_member:
        return skipped("it is a node of this cluster already", expected)
    taken = {
        **{
            str(one["network"]): f"route {one['network']} ({one['interface'] or 'no interface'})"
            for one in seen.get("routes") or []
        },
        **{
            str(one["network"]): f"{one['address']} on {one['interface']}"
            for one in seen.get("addresses") or []
            if one["scope"] == "global"
        },
    }
    servers = [f"{one}/{128 if ':' in one else 32}" for one in seen.get("nameservers") or [] if networks.is_ip(one)]
    taken.update({one: f"name server {one.partition('/')[0]}" for one in servers if not one.startswith("127.")})
    found = []
    for what, ours in (("pods", seen.config.pod_cidr), ("services", seen.config.service_cidr)):
        found += [
            f"{what} {own} overlaps {taken[other]}" for own, other in networks.overlaps(ours, taken) if other in taken
        ]
    if not found:
        return passed("nothing in the way", expected)
    is_leftover = any(name in text for text in found for name in ("cni0", "flannel", "kube-bridge", "tunl0", "cali"))
    return failed(listed(found, 6), expected, fix=fixes.reset() if is_leftover else None)


def networks_together(all: All) -> Finding:
    """The networks of pods and services by themselves, against each other and against clusters that may peer."""
    config = all.config
    expected = (
        "valid networks that overlap neither each other nor those of other clusters, with room for "
        f"{len(all.nodes)} nodes of {networks.MAX_PODS} pods"
    )
    wrong = networks.problems(config, len(all.nodes))
    if wrong:
        return failed(" ".join(wrong), expected)
    others = [
        f"{what} {own} overlaps {other} of cluster {name}"
        for name, theirs in all.surroundings.cluster_networks.items()
        for what, ours in (("pods", config.pod_cidr), ("services", config.service_cidr))
        for own, other in networks.overlaps(ours, theirs)
    ]
    if others:
        return warned(f"{listed(others, 6)}; this matters where clusters are to reach each other's pods", expected)
    return passed(f"pods {config.pod_cidr}, services {config.service_cidr}", expected)


def control_plane_count(all: All) -> Finding:
    """An odd number, and an endpoint of their own where there are several."""
    expected = "an odd number, better three; with several an endpoint that is none of theirs"
    count = len(all.control_planes)
    more = {"doc": _HA_DOC}
    if not count:
        return failed("none", expected, **more)
    if count % 2 == 0:
        return failed(f"{count}: etcd bears no more failures with {count} than with {count - 1}", expected, **more)
    if count == 1:
        return warned("1: while it is down the cluster cannot be changed", expected, **more)
    endpoint = all.config.control_plane_endpoint
    if not endpoint:
        return failed(f"{count} without an endpoint", expected, **more)
    at = endpoint.rpartition(":")[0].strip("[]")
    owner = next((host.name for host in all.nodes if _has_address(all, host.name, host.address, at)), "")
    if owner:
        return warned(f"{count} behind {endpoint}, which is {owner} itself: when it is down all are", expected, **more)
    return passed(f"{count} behind {endpoint}", expected, **more)


def _has_address(all: All, name: str, address: str, wanted: str) -> bool:
    facts = all.facts.get(name) or {}
    return wanted == address or any(one.get("address") == wanted for one in facts.get("addresses") or [])


def images(all: All) -> Finding:
    """They come from a bundle that was verified, or from a registry that the hosts reach."""
    expected = "every image can be had: an offline bundle with right checksums, or a registry within reach"
    bundle = all.probes.get("bundle")
    if all.config.bundle:
        if bundle is None:
            return unknown(f"bundle {all.config.bundle} was not verified", expected, kubeadm_name="ImagePull")
        if bundle:
            return failed(f"bundle {all.config.bundle}: {bundle}", expected, kubeadm_name="ImagePull")
        return _of_one_architecture(all, expected)
    found = {name: problem for name, problem in (all.probes.get("images") or {}).items() if problem is not None}
    bad = [f"{name}: {problem}" for name, problem in found.items() if problem]
    if bad:
        return failed(listed(bad, 6), expected, kubeadm_name="ImagePull")
    if not found:
        return unknown("no host has tried the registry", expected, kubeadm_name="ImagePull", severity="warning")
    return passed(f"{listed(sorted(found))} reach the registry", expected)


def _of_one_architecture(all: All, expected: str) -> Finding:
    built_for = all.probes.get("bundle_architecture")
    strange = [
        f"{host.name} is {architecture}"
        for host in all.nodes
        if built_for
        and (architecture := (all.facts.get(host.name) or {}).get("architecture"))
        and architecture != built_for
    ]
    if strange:
        return failed(
            f"bundle {all.config.bundle} is for {built_for}, but {listed(strange)}", expected, kubeadm_name="ImagePull"
        )
    return passed(f"bundle {all.config.bundle}, checksums right", expected)


def cni(all: All) -> Finding:
    """A network whose own documentation names this version of Kubernetes."""
    config = all.config
    expected = "a network that is known to work with the Kubernetes version"
    pair = f"{config.cni} with Kubernetes {config.kubernetes_version}"
    if config.cni == "none":
        return warned("none: nodes stay NotReady until you apply a network", expected)
    if config.cni == "own":
        if not config.cni_manifest:
            return failed("an own manifest was chosen, and none was given", expected)
        return warned(f"your own manifest with Kubernetes {config.kubernetes_version}: not known", expected)
    known = _NETWORKS.get(config.cni)
    if known is None:
        return warned(f"{pair}: not known", expected)
    oldest, newest = known
    minor = version_of(config.kubernetes_version)[:2]
    if minor < oldest:
        return failed(f"{pair}: it needs {oldest[0]}.{oldest[1]} or newer", expected)
    if newest is not None and minor > newest:
        return warned(f"{pair}: tested up to {newest[0]}.{newest[1]}", expected)
    return passed(pair, expected)


def external_etcd(_all: All) -> Finding:
    """Slipway's clusters have their etcd on the control planes."""
    return skipped(
        "etcd runs on the control planes, in the version that kubeadm brings", "etcd 3.5.24 or newer", doc=_HA_DOC
    )


def rejoin(_all: All) -> Finding:
    """Tokens and the key of certificates expire; a run makes them anew for each join."""
    return skipped(
        "tokens and the certificate key are made anew at each join", "a token under 24 h and a key under 2 h old"
    )
