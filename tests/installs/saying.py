"""What a healthy host says to the script of facts, section by section, and how a test breaks one thing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from installs.checks import judge
from installs.facts import parse
from installs.shapes import CheckResult, Config, Facts, Host, Surroundings

GIB = 1024 * 1024
_OPTIONS = (
    "NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CGROUPS CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER CGROUP_PIDS "
    "CGROUP_SCHED CPUSETS MEMCG INET EXT4_FS PROC_FS NETFILTER_XT_TARGET_REDIRECT NETFILTER_XT_MATCH_COMMENT "
    "FAIR_GROUP_SCHED OVERLAY_FS CFS_BANDWIDTH SECCOMP"
)
TOOLS = [
    "ip",
    "iptables",
    "mount",
    "nsenter",
    "conntrack",
    "ebtables",
    "ethtool",
    "socat",
    "tc",
    "touch",
    "sudo",
    "tar",
]
TOOLS += ["curl", "openssl", "modprobe", "flock", "timeout"]


def disks(free_kb: int = 200 * GIB, kind: str = "ext2/ext3", inodes: str = "4%", etcd_free_kb: int = 0) -> str:
    """The section of disks."""
    lines = []
    for path in ("/var/lib", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd"):
        free = etcd_free_kb if etcd_free_kb and path == "/var/lib/etcd" else free_kb
        lines += [
            f"path={path}",
            f"type={kind}",
            f"space=/dev/vda1 {400 * GIB} {100 * GIB} {free} 30% /",
            f"inodes=/dev/vda1 1000000 40000 960000 {inodes} /",
        ]
    return "\n".join(lines)


def sections(number: int = 1) -> dict[str, str]:
    """A Debian machine with cgroup v2 at 192.0.2.10 + number, called node-`number`."""
    return {
        "uid": "0",
        "os": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
        "systemd": "yes",
        "container": "none",
        "machine": "x86_64",
        "kernel": "6.1.0-31-amd64",
        "cpus": "4",
        "memory": "MemTotal:        8134460 kB",
        "kernel_config": "\n".join(f"CONFIG_{name}=y" for name in _OPTIONS.split())
        + "\nsource=/boot/config-6.1.0-31-amd64",
        "cgroup": "type=cgroup2fs\nv2=cpuset cpu io memory hugetlb pids",
        "capabilities": "CapEff:\t000001ffffffffff",
        "conntrack": "yes",
        "disks": disks(),
        "fsync": "100+0 records in\n100+0 records out\n230000 bytes (230 kB, 225 KiB) copied, 0.12 s, 1.9 MB/s",
        "swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority",
        "swap_units": "static",
        "iptables": "-P INPUT ACCEPT\n-P FORWARD ACCEPT",
        "sysctl": "net.ipv4.ip_forward=1\nnet.bridge.bridge-nf-call-iptables=1\nnet.ipv6.conf.default.forwarding=0",
        "modules": "overlay=loaded\nbr_netfilter=loaded\nnf_conntrack=loaded",
        "tools": "\n".join(f"{name}=/usr/bin/{name}" for name in TOOLS),
        "units": "containerd=inactive,\nkubelet=inactive,\nchronyd=active,enabled",
        "manager": "apt-get",
        "hostname": f"node-{number}",
        "hostname_addresses": f"192.0.2.{10 + number} STREAM node-{number}",
        "product_uuid": f"00000000-0000-0000-0000-00000000000{number}",
        "machine_id": f"{number:032x}",
        "time_service": "NTP=yes\nNTPSynchronized=yes",
        "nameservers": "nameserver 192.0.2.53",
        "addresses": (
            "1: lo    inet 127.0.0.1/8 scope host lo\n"
            f"2: eth0    inet 192.0.2.{10 + number}/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever"
        ),
        "links": f"2: eth0: <UP> mtu 1500 state UP\\    link/ether 02:00:00:00:00:0{number} brd ff:ff:ff:ff:ff:ff",
        "routes": "default via 192.0.2.1 dev eth0\n192.0.2.0/24 dev eth0 proto kernel scope link",
        "default_addresses": f"198.51.100.1 via 192.0.2.1 dev eth0 src 192.0.2.{10 + number} uid 0 \\    cache",
        "date": "1795962033.519226558",
    }


def printed(said: Mapping[str, str]) -> str:
    """The output of the script that says so."""
    body = "".join(f"::{name}\n" + "".join(f" {line}\n" for line in text.split("\n")) for name, text in said.items())
    return f"::slipway facts 1\n{body}::end\n"


def facts(number: int = 1, **changes: str) -> Facts:
    """The facts of a healthy host but for the changed sections."""
    return parse(printed({**sections(number), **changes}))


CONFIG = Config(name="shop", kubernetes_version="v1.37.2", bundle="site")
FIRST = Host("node-1", "192.0.2.11", "control_plane")
SECOND = Host("node-2", "192.0.2.12", "worker")
CLOCK = {"offset": 0.02, "uncertainty": 0.01}


def reached(*names: str, state: str = "reached") -> dict[str, Any]:
    """Probes of ports: everybody reaches the kubelet of everybody."""
    return {one: {other: {"tcp/10250": state} for other in names if other != one} for one in names}


def probes(**more: Any) -> dict[str, Any]:
    """What is found between two healthy hosts."""
    return {
        "ports": reached("node-1", "node-2"),
        "clocks": {"node-1": CLOCK, "node-2": CLOCK},
        "bundle": "",
        **more,
    }


def judged(
    config: Config = CONFIG,
    first: Facts | None = None,
    second: Facts | None = None,
    hosts: tuple[Host, ...] = (FIRST, SECOND),
    found: Mapping[str, Any] | None = None,
    surroundings: Surroundings | None = None,
) -> dict[tuple[str, str], CheckResult]:
    """All results by host and check."""
    known = {"node-1": first or facts(1), "node-2": second or facts(2)}
    results = judge(config, hosts, known, probes() if found is None else found, surroundings or Surroundings())
    return {(one.host, one.check): one for one in results}


def on_control_plane(check: str, **changes: str) -> CheckResult:
    """The check on a control plane where these sections are different; ports were not tried."""
    return judged(first=facts(1, **changes), found=probes(ports={}))["node-1", check]


def on_worker(check: str, **changes: str) -> CheckResult:
    return judged(second=facts(2, **changes), found=probes(ports={}))["node-2", check]


def without(tool: str) -> str:
    return "\n".join(f"{name}=/usr/bin/{name}" for name in TOOLS if name != tool)
