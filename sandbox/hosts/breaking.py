"""Ways to really break a machine, for tests of what an installer notices, and to put it right again."""

from dataclasses import dataclass

from sandbox.errors import SandboxError


class CannotBreak(SandboxError):
    """This fault is unknown, or machines that share a kernel cannot have it."""


@dataclass(frozen=True)
class Fault:
    """What is wrong then, and the shell that makes it so and that mends it. Both may be run twice."""

    says: str
    breaks: str
    mends: str


_BUSY = """systemctl is-active --quiet fault-{port} || systemd-run --quiet --collect --unit=fault-{port} \\
  socat TCP-LISTEN:{port},fork,reuseaddr SYSTEM:true
for attempt in 1 2 3 4 5; do ss -Htln sport = :{port} | grep -q . && exit 0; sleep 0.2; done; exit 1"""
_UNBUSY = "systemctl stop fault-{port} 2>/dev/null || true"

FAULTS = {
    "ip_forward": Fault(
        "packets are not forwarded", "sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1"
    ),
    "api_port": Fault("something listens on 6443", _BUSY.format(port=6443), _UNBUSY.format(port=6443)),
    "kubelet_port": Fault("something listens on 10250", _BUSY.format(port=10250), _UNBUSY.format(port=10250)),
    "hostname": Fault(
        "its host name is that of machine-1",
        "[ -e /etc/hostname.own ] || cp /etc/hostname /etc/hostname.own\nhostname machine-1; hostname > /etc/hostname",
        '[ ! -e /etc/hostname.own ] || mv /etc/hostname.own /etc/hostname; hostname "$(cat /etc/hostname)"',
    ),
    "dns": Fault(
        "it knows no name server",
        "[ -e /etc/resolv.own ] || cp /etc/resolv.conf /etc/resolv.own; : > /etc/resolv.conf",
        "[ ! -e /etc/resolv.own ] || mv /etc/resolv.own /etc/resolv.conf",
    ),
    "tools": Fault(
        "it has no iptables",
        "[ ! -e /usr/sbin/iptables ] || mv /usr/sbin/iptables /usr/sbin/iptables.away",
        "[ ! -e /usr/sbin/iptables.away ] || mv /usr/sbin/iptables.away /usr/sbin/iptables",
    ),
    "leftovers": Fault(
        "an earlier cluster left files on it",
        "mkdir -p /etc/kubernetes/manifests /var/lib/etcd/member && touch /etc/kubernetes/manifests/etcd.yaml",
        "rm -rf /etc/kubernetes/manifests/etcd.yaml /var/lib/etcd/member",
    ),
    "firewall": Fault(
        "a firewall drops what is not SSH",
        """nft add table inet fault
nft 'add chain inet fault input { type filter hook input priority 0; policy drop; }'
nft flush chain inet fault input
nft add rule inet fault input ct state established,related accept
nft add rule inet fault input iif lo accept
nft add rule inet fault input tcp dport 22 accept""",
        "nft delete table inet fault 2>/dev/null || true",
    ),
    "disk": Fault(
        "etcd's data would lie in 64 MB of memory",
        "mkdir -p /var/lib/etcd; mountpoint -q /var/lib/etcd || mount -t tmpfs -o size=64m fault /var/lib/etcd",
        "! mountpoint -q /var/lib/etcd || umount /var/lib/etcd",
    ),
    "sudo": Fault(
        "the user admin may not become root",
        "[ ! -e /etc/sudoers.d/admin ] || mv /etc/sudoers.d/admin /etc/sudoers-admin",
        "[ ! -e /etc/sudoers-admin ] || mv /etc/sudoers-admin /etc/sudoers.d/admin",
    ),
}
IMPOSSIBLE = {
    "clock": "All machines have this computer's clock, so they may not set it",
    "swap": "All machines have this computer's swap: switching it on would be for all",
    "cgroup": "All machines have the control groups of this computer's kernel",
    "kernel": "All machines have this computer's kernel",
    "memory": "All machines see this computer's memory",
}


def fault(name: str) -> Fault:
    """The fault of a name. Raises CannotBreak."""
    if name in IMPOSSIBLE:
        raise CannotBreak(
            f"A machine cannot be broken by {name}", why=IMPOSSIBLE[name], next="Test it without machines"
        )
    try:
        return FAULTS[name]
    except KeyError:
        raise CannotBreak(f"There is no fault {name}", next=f"Choose one of {', '.join(FAULTS)}") from None
