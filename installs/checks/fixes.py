"""How findings are mended: exact shell lines, run as root, each safe to repeat. Values are quoted for the shell."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from installs.shapes import Fix

_PACKAGES = {
    "apt": {
        "ip": "iproute2", "tc": "iproute2", "nsenter": "util-linux", "flock": "util-linux", "touch": "coreutils",
        "modprobe": "kmod",
    },
    "dnf": {
        "ip": "iproute", "tc": "iproute-tc", "nsenter": "util-linux", "flock": "util-linux", "mount": "util-linux",
        "touch": "coreutils", "modprobe": "kmod", "conntrack": "conntrack-tools", "iptables": "iptables-nft",
        "ebtables": "iptables-nft",
    },
    "zypper": {
        "ip": "iproute2", "tc": "iproute2", "nsenter": "util-linux", "flock": "util-linux", "mount": "util-linux",
        "touch": "coreutils", "modprobe": "kmod", "conntrack": "conntrack-tools",
    },
}  # fmt: skip

# These take away data that nobody can bring back: a person chooses each by itself, "all fixes" leaves them out.
_DESTROYS = frozenset({"reset"})


def destroys(fix_id: str) -> bool:
    """Whether the fix of that id takes away data for good."""
    return fix_id in _DESTROYS


def install_packages(manager: str, names: Sequence[str]) -> tuple[str, ...]:
    """The lines that install packages of the distribution; () for a manager that is not known."""
    words = " ".join(quote(name) for name in dict.fromkeys(names))
    if manager == "apt":
        return (
            "apt-get update",
            f"DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {words}",
        )
    if manager in ("dnf", "yum", "zypper"):
        return (f"{manager} install -y {words}",)
    return ()


def tools(manager: str, missing: Sequence[str]) -> Fix | None:
    """The packages that bring the tools."""
    table = _PACKAGES.get("dnf" if manager == "yum" else manager)
    if table is None:
        return None
    lines = install_packages(manager, [table.get(name, name) for name in missing])
    return Fix("install_tools", "Install the missing tools", lines)


def swap_off(has_zram: bool) -> Fix:
    """Off now, out of fstab and masked, so that no reboot brings it back."""
    zram = (": > /etc/systemd/zram-generator.conf",) if has_zram else ()
    return Fix(
        "swap_off",
        "Turn swap off for good",
        (
            "swapoff -a",
            r"sed -i.slipway -E '/^[^#]+[[:space:]]swap[[:space:]]/s/^/# /' /etc/fstab",
            "systemctl mask swap.target",
            *zram,
        ),
    )


def selinux_permissive() -> Fix:
    """Now, and after a reboot."""
    return Fix(
        "selinux_permissive",
        "Set SELinux to permissive",
        ("setenforce 0", "sed -i.slipway -E 's/^SELINUX=enforcing$/SELINUX=permissive/' /etc/selinux/config"),
    )


def modules_and_sysctl(modules: Sequence[str], settings: Sequence[tuple[str, str]]) -> Fix:
    """Loaded and set now, and by files at each boot."""
    lines: list[str] = []
    if modules:
        lines.append(f"printf '%s\\n' {' '.join(map(quote, modules))} > /etc/modules-load.d/slipway.conf")
        lines += [f"modprobe {quote(name)}" for name in modules]
    if settings:
        words = " ".join(quote(f"{name} = {value}") for name, value in settings)
        lines.append(f"printf '%s\\n' {words} > /etc/sysctl.d/99-slipway.conf")
        lines.append("sysctl -p /etc/sysctl.d/99-slipway.conf")
    return Fix("modules_and_sysctl", "Load the modules and set the sysctls, now and at boot", tuple(lines))


def firewalld(ports: Sequence[tuple[str, int | str]], networks: Sequence[str]) -> Fix:
    """The ports of the host's role, and all that comes from pods and services; or no firewall at all."""
    opened = tuple(f"firewall-cmd --permanent --add-port={number}/{protocol}" for protocol, number in ports)
    trusted = tuple(f"firewall-cmd --permanent --zone=trusted --add-source={quote(one)}" for one in networks)
    off = Fix("firewall_off", "Turn firewalld off", ("systemctl disable --now firewalld",))
    return Fix(
        "firewall_open_ports",
        "Open the ports that the node needs",
        (*opened, *trusted, "firewall-cmd --permanent --add-masquerade", "firewall-cmd --reload"),
        (off,),
    )


def ufw(ports: Sequence[tuple[str, int | str]], networks: Sequence[str]) -> Fix:
    """As for firewalld; ufw writes a range with a colon."""
    opened = tuple(f"ufw allow {str(number).replace('-', ':')}/{protocol}" for protocol, number in ports)
    trusted = tuple(f"ufw allow from {quote(one)}" for one in networks)
    off = Fix("firewall_off", "Turn ufw off", ("ufw disable",))
    return Fix(
        "firewall_open_ports",
        "Open the ports that the node needs",
        (*opened, *trusted, "ufw default allow routed", "ufw reload"),
        (off,),
    )


def packet_filter(
    chain: str, ports: Sequence[tuple[str, int | str]], networks: Sequence[str], alternatives: tuple[Fix, ...] = ()
) -> Fix:
    """Rules in front of a chain that drops by policy: `chain` is `inet filter input` for nft, "" for iptables."""
    lines = []
    for protocol in ("tcp", "udp"):
        numbers = [str(number) for of, number in ports if of == protocol]
        if numbers and chain:
            lines.append(f"nft insert rule {chain} {protocol} dport '{{ {', '.join(numbers)} }}' accept")
        elif numbers:
            words = ",".join(numbers).replace("-", ":")
            lines.append(f"iptables -w -I INPUT -p {protocol} -m multiport --dports {words} -j ACCEPT")
    for one in networks:
        family = "ip6" if ":" in one else "ip"
        lines.append(
            f"nft insert rule {chain} {family} saddr {quote(one)} accept"
            if chain
            else f"{family}tables -w -I INPUT -s {quote(one)} -j ACCEPT"
        )
    return Fix("firewall_open_ports", "Open the ports that the node needs", tuple(lines), alternatives)


def firewall_off(service: str) -> Fix:
    """No filter at all."""
    if service == "nftables":
        return Fix(
            "firewall_off", "Turn nftables off", ("systemctl disable --now nftables || true", "nft flush ruleset")
        )
    return Fix("firewall_off", "Accept all input", ("iptables -w -P INPUT ACCEPT", "iptables -w -P FORWARD ACCEPT"))


def hostname(name: str, address: str, has_to_be_set: bool) -> Fix:
    """The name of the node as the machine's, and known to itself."""
    lines = [f"hostnamectl set-hostname {quote(name)}"] if has_to_be_set else []
    if address:
        entry = quote(f"{address} {name}")
        lines.append(f"grep -qwF -- {quote(name)} /etc/hosts || printf '%s\\n' {entry} >> /etc/hosts")
    return Fix("hostname", f"Name the machine {name}", tuple(lines))


def machine_id() -> Fix:
    """A new one; the old one came with the image that the machine was cloned from."""
    return Fix(
        "machine_id",
        "Make a new machine id (then restart the machine)",
        ("rm -f /etc/machine-id /var/lib/dbus/machine-id", "systemd-machine-id-setup"),
    )


def time_synchronised(manager: str) -> Fix:
    """chrony, with a step at once."""
    unit = "chrony" if manager == "apt" else "chronyd"
    install = " && ".join(install_packages(manager, ["chrony"])) or "false"
    return Fix(
        "time_synchronised",
        "Install chrony and set the clock",
        (
            f"command -v chronyc >/dev/null || {{ {install}; }}",
            f"systemctl enable --now {unit}",
            "chronyc -a 'burst 4/4' && sleep 5 && chronyc -a makestep",
        ),
    )


def reset() -> Fix:
    """Takes away what an earlier cluster left. All data of that cluster on this host goes with it."""
    socket = "/run/containerd/containerd.sock"
    return Fix(
        "reset",
        "Reset what an earlier cluster left (its data on this host is lost)",
        (
            "if command -v kubeadm >/dev/null; then kubeadm reset -f --cleanup-tmp-dir || true; fi",
            "systemctl disable --now kubelet 2>/dev/null || true",
            f"if [ -S {socket} ] && command -v crictl >/dev/null; then crictl -r unix://{socket} rmp -fa || true; fi",
            # Volumes of Pods are never deleted through a mount that is still there.
            "awk '$2 ~ \"^/var/lib/kubelet/\" { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount -l",
            "rm -rf /etc/kubernetes/manifests /etc/kubernetes/pki /etc/kubernetes/*.conf",
            "rm -rf /var/lib/kubelet/config.yaml /var/lib/kubelet/pki /var/lib/cni",
            # containerd watches the folder of its networks, and ends when the folder itself goes.
            "for d in /etc/cni/net.d /var/lib/etcd; do [ ! -d $d ] || find $d -mindepth 1 -delete; done",
            "for link in cni0 flannel.1 kube-bridge kube-dummy-if; do ip link delete $link 2>/dev/null || true; done",
        ),
    )


def hold_packages(manager: str) -> Fix | None:
    """No unattended upgrade may bring a kubelet of another minor."""
    if manager == "apt":
        return Fix("hold_packages", "Hold the packages", ("apt-mark hold kubelet kubeadm kubectl",))
    if manager in ("dnf", "yum"):
        return Fix("hold_packages", "Hold the packages", (f"{manager} versionlock add kubelet kubeadm kubectl",))
    return None


def enable_kubelet() -> Fix:
    """So that the node comes back after a reboot."""
    return Fix("enable_kubelet", "Enable the kubelet", ("systemctl enable kubelet",))
