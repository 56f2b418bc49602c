"""How the system is set up: security modules, sysctls, programs, runtimes and what was there before."""

from __future__ import annotations

from installs.checks import fixes
from installs.checks.seen import Finding, Seen, failed, listed, passed, skipped, unknown, version_of, warned

_OLDEST_CONTAINERD = (1, 6, 0)
_MOST_MINORS_BEHIND = 3
_MANDATORY = ("ip", "iptables", "mount", "nsenter")
_WISHED = ("ebtables", "ethtool", "socat", "tc", "touch")
# These networks forward packets by themselves, without the bridge's call into iptables.
_NETWORKS_WITHOUT_BRIDGE = ("cilium",)
_RUNTIME_DOC = "https://kubernetes.io/docs/setup/production-environment/container-runtimes/"
_SKEW_DOC = "https://kubernetes.io/releases/version-skew-policy/"


def selinux(seen: Seen) -> Finding:
    """Permissive as kubeadm's documentation has it; enforcing for those who know how."""
    expected = "permissive or disabled; enforcing only where policies for the runtime are installed"
    state = str(seen.get("selinux") or "")
    if state == "enforcing":
        return warned(state, expected, fix=fixes.selinux_permissive())
    return passed(state or "not there", expected)


def sysctl(seen: Seen) -> Finding:
    """Packets are forwarded, bridges call iptables where the network needs it, overlay is there."""
    wanted = [("net.ipv4.ip_forward", "FileContent--proc-sys-net-ipv4-ip_forward")]
    if seen.all.has_ipv6:
        wanted.append(("net.ipv6.conf.default.forwarding", "FileContent--proc-sys-net-ipv6-conf-default-forwarding"))
    modules = ["overlay"]
    if seen.config.cni not in _NETWORKS_WITHOUT_BRIDGE:
        modules.append("br_netfilter")
        wanted.append(
            ("net.bridge.bridge-nf-call-iptables", "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables")
        )
        if seen.all.has_ipv6:
            wanted.append(("net.bridge.bridge-nf-call-ip6tables", ""))
    expected = f"{', '.join(f'{name} = 1' for name, _kubeadm in wanted)}; modules {', '.join(modules)}"
    values, states = seen.get("sysctl") or {}, seen.get("modules") or {}
    if not values and not states:
        return unknown("the host did not say", expected, kubeadm_name=wanted[0][1])
    absent = [name for name in modules if states.get(name) in ("available", "missing")]
    wrong = [(name, kubeadm) for name, kubeadm in wanted if values.get(name) != "1"]
    if not absent and not wrong:
        return passed("all set", expected)
    said = [f"module {name} is {'not loaded' if states[name] == 'available' else 'missing'}" for name in absent]
    said += [f"{name} = {values.get(name, 'not there')}" for name, _kubeadm in wrong]
    kubeadm_name = next((kubeadm for _name, kubeadm in wrong if kubeadm), "")
    fix = fixes.modules_and_sysctl(absent, [(name, "1") for name, _kubeadm in wanted])
    return failed("; ".join(said), expected, kubeadm_name=kubeadm_name, fix=fix)


def tools(seen: Seen) -> Finding:
    """What kubelet, kube-proxy and the run itself call."""
    mandatory, wished = [*_MANDATORY], [*_WISHED, "tar"]
    if seen.all.minor < (1, 32):
        mandatory.append("conntrack")
    if seen.host.user != "root":
        mandatory.append("sudo")
    if not seen.config.bundle:
        wished += ["curl", "openssl"]
    expected = f"{', '.join(mandatory)}; better also {', '.join(wished)}"
    there = seen.get("tools") or {}
    if not there:
        return unknown("the host did not say", expected)
    missing = [name for name in mandatory if not there.get(name)]
    lacking = [name for name in wished if not there.get(name)]
    if not missing and not lacking:
        return passed("all there", expected)
    observed = "missing: " + ", ".join([*missing, *lacking])
    more = {
        "kubeadm_name": f"FileExisting-{(missing or lacking)[0]}",
        "fix": fixes.tools(str(seen.get("packages", "manager") or ""), [*missing, *lacking]),
    }
    return failed(observed, expected, **more) if missing else warned(observed, expected, **more)


def runtime(seen: Seen) -> Finding:
    """containerd and no other; where none is yet, the run installs it."""
    expected = "containerd 1.6 or newer answering CRI v1 and no other runtime, or none yet"
    more = {"kubeadm_name": "CRI", "doc": _RUNTIME_DOC}
    others = list(seen.get("runtime", "others") or [])
    if others:
        return failed(f"{listed(others)} is running as well; stop and disable it", expected, **more)
    version = str(seen.get("runtime", "containerd", "version") or "")
    sockets = [
        one for one in seen.get("runtime", "sockets") or [] if "containerd" not in one and "docker.sock" not in one
    ]
    if sockets:
        return failed(f"another runtime answers at {listed(sockets)}", expected, **more)
    if not version:
        return passed("none yet; the run installs containerd", expected, doc=_RUNTIME_DOC)
    if version_of(version) < _OLDEST_CONTAINERD:
        return failed(f"containerd {version} is too old", expected, **more)
    if not seen.get("runtime", "containerd", "active"):
        return passed(
            f"containerd {version}, not running; the run configures and starts it", expected, doc=_RUNTIME_DOC
        )
    notes = []
    if seen.get("runtime", "containerd", "cri_disabled"):
        notes.append("its CRI plugin is off")
    if seen.get("cgroup", "version") == 2 and seen.get("runtime", "containerd", "systemd_cgroup") is False:
        notes.append("SystemdCgroup is false")
    api = str(seen.get("runtime", "cri", "api") or "")
    if api and api not in ("v1", version, f"v{version}") and api.startswith("v1alpha"):
        return failed(f"containerd {version} answers CRI {api}", expected, **more)
    if notes:
        # The run writes containerd's configuration anew, and says so before it starts.
        return warned(f"containerd {version}: {listed(notes)}; the run replaces its configuration", expected, **more)
    return passed(f"containerd {version}", expected, doc=_RUNTIME_DOC)


def packages(seen: Seen) -> Finding:
    """No kubelet newer than the control plane, none that is too old, kubeadm of the wanted minor."""
    target = seen.all.minor
    expected = f"none yet, or kubelet and kubeadm {seen.config.kubernetes_version}, held back from upgrades"
    kubelet, kubeadm = str(seen.get("packages", "kubelet") or ""), str(seen.get("packages", "kubeadm") or "")
    more = {"kubeadm_name": "KubeletVersion", "doc": _SKEW_DOC}
    if not kubelet and not kubeadm:
        return passed(f"none yet; the run installs {seen.config.kubernetes_version}", expected, doc=_SKEW_DOC)
    observed = ", ".join(
        f"{name} {version}" for name, version in (("kubelet", kubelet), ("kubeadm", kubeadm)) if version
    )
    if kubelet:
        own = version_of(kubelet)[:2]
        if own > target or own[0] != target[0] or target[1] - own[1] > _MOST_MINORS_BEHIND:
            return failed(observed, expected, **more)
    if kubeadm and version_of(kubeadm)[:2] != target:
        return warned(f"{observed}; the run replaces them", expected, **more)
    manager = str(seen.get("packages", "manager") or "")
    if not seen.config.bundle and kubelet and "kubelet" not in " ".join(seen.get("packages", "held") or []):
        return warned(f"{observed}, not held", expected, doc=_SKEW_DOC, fix=fixes.hold_packages(manager))
    unit = seen.get("packages", "kubelet_unit")
    if kubelet and unit == "disabled":
        return warned(
            f"{observed}; the kubelet's unit is {unit}",
            expected,
            kubeadm_name="Service-Kubelet",
            fix=fixes.enable_kubelet(),
        )
    return passed(observed, expected, doc=_SKEW_DOC)


def clean_node(seen: Seen) -> Finding:
    """Nothing of an earlier cluster: kubeadm would take it for its own."""
    expected = "no manifests, kubeconfigs, certificates, etcd data or network configuration of an earlier cluster"
    if seen.is_member:
        return skipped("it is a node of this cluster already", expected)
    found = list(seen.get("leftovers") or [])
    networks = list(seen.get("cni_configs") or [])
    if not found and not networks:
        return passed("clean", expected)
    return failed(
        f"found {listed([*found, *networks], 12)}",
        expected,
        kubeadm_name=_availability_name([*found, *networks][0]),
        fix=fixes.reset(),
    )


def _availability_name(path: str) -> str:
    """kubeadm names its checks of paths by the path, with - for /; directories are Dir, files File."""
    if path == "/var/lib/etcd":
        return "DirAvailable--var-lib-etcd"
    return f"FileAvailable-{path.replace('/', '-')}"[:64]
