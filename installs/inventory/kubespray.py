"""Kubespray's INI inventory: groups of hosts with `name=value` behind them.

    [all]
    cp-1 ansible_host=10.0.0.1 ansible_port=22 ansible_user=root etcd_member_name=cp-1
    [kube_control_plane]
    cp-1
    [etcd:children]
    kube_control_plane
    [kube_node]
    worker-1
    [k8s_cluster:vars]
    kube_version=1.37.2

Names of older releases (kube-master, kube-node, k8s-cluster) are read as well. What would run a command of the file's
choice on the portal (ProxyCommand and other arguments of ssh) is left out, and so are passwords.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from installs.inventory.gathered import MOST_BYTES, MOST_HOSTS, Gathered, Inventory, InventoryRefused, shown
from installs.shapes import Config, Host

_SECTION = re.compile(r"\[([A-Za-z0-9_.-]{1,64})(?::(children|vars|hosts))?\]")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
_RANGE = re.compile(r"(.*)\[(\d{1,6}):(\d{1,6})\](.*)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CONTROL_PLANE = ("kube_control_plane", "kube_master", "kube-master")
_WORKERS = ("kube_node", "kube-node")
_JUMP = ("bastion",)
_MOST_DEPTH = 8
_MOST_LINES = 20_000
_LONGEST_LINE = 4096
_MOST_GROUPS = 256
_SECRETS = (
    "ansible_password", "ansible_ssh_pass", "ansible_ssh_password", "ansible_become_password", "ansible_become_pass",
    "ansible_sudo_pass", "ansible_ssh_private_key_file", "ansible_private_key_file",
)  # fmt: skip
_SSH_ARGUMENTS = ("ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_executable", "ansible_connection")
_FIELDS = {
    "kube_version": "kubernetes_version",
    "kube_pods_subnet": "pod_cidr",
    "kube_service_addresses": "service_cidr",
    "dns_domain": "dns_domain",
    "kube_network_plugin": "cni",
    "container_manager": "container_runtime",
}
_Groups = dict[str, dict[str, None]]


def looks_like(text: str) -> bool:
    """Whether the first line that says anything opens a section, or names a host outside of one."""
    for line in text.splitlines()[:_MOST_LINES]:
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            return _SECTION.fullmatch(line.strip()) is not None or "ansible_host=" in line
    return False


def read(text: str) -> Inventory:
    """The inventory in the text. Raises InventoryRefused."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise InventoryRefused(f"The inventory is larger than {MOST_BYTES // 1024} kB.")
    file = _File()
    for number, line in enumerate(text.splitlines(), start=1):
        if number > _MOST_LINES:
            raise InventoryRefused(f"The inventory has more than {_MOST_LINES} lines.")
        file.take(number, line)
    return _gather(file)


class _File:
    """The file as it stands: hosts and their variables, groups with hosts and groups in them, variables of groups."""

    def __init__(self) -> None:
        self.hosts: dict[str, dict[str, str]] = {}
        self.groups: _Groups = {}
        self.children: _Groups = {}
        self.variables: dict[str, dict[str, str]] = {}
        self._section, self._kind = "ungrouped", "hosts"

    def take(self, number: int, line: str) -> None:
        """Read one line. Raises InventoryRefused."""
        if any(not sign.isprintable() and sign != "\t" for sign in line):
            raise InventoryRefused(f"Line {number} has control characters.")
        if len(line) > _LONGEST_LINE or len(self.groups) + len(self.children) > _MOST_GROUPS:
            raise InventoryRefused(f"Line {number} is too long, or the groups are too many.")
        words = line.strip()
        if not words or words.startswith(("#", ";")):
            return
        section = _SECTION.fullmatch(re.split("[#;]", words)[0].rstrip())
        if section is not None:
            self._section, self._kind = section[1], section[2] or "hosts"
        elif self._kind == "vars":
            self._variable(number, words)
        elif self._kind == "children":
            child = words.split()[0]
            self._named(number, child)
            self.children.setdefault(self._section, {})[child] = None
        else:
            self._host_line(number, words)

    def _variable(self, number: int, words: str) -> None:
        name, equals, value = words.partition("=")
        if not equals or not _VARIABLE.fullmatch(name.strip()):
            raise InventoryRefused(f"Line {number} is no name=value.")
        self.variables.setdefault(self._section, {})[name.strip()] = value.strip().strip("\"'")

    def _host_line(self, number: int, words: str) -> None:
        try:
            names, *settings = shlex.split(words, comments=True)
        except ValueError:
            raise InventoryRefused(f"Line {number} has a quotation mark without its partner.") from None
        variables = {}
        for one in settings:
            name, equals, value = one.partition("=")
            if not equals or not _VARIABLE.fullmatch(name):
                raise InventoryRefused(f"Line {number}: “{shown(one)}” is no name=value.")
            variables[name] = value
        for name in _expanded(names, number):
            host, colon, port = name.partition(":")
            self._named(number, host)
            if colon:
                variables.setdefault("ansible_port", port)
            if host not in self.hosts and len(self.hosts) >= MOST_HOSTS:
                raise InventoryRefused(f"There are more than {MOST_HOSTS} hosts.")
            self.hosts.setdefault(host, {}).update(variables)
            self.groups.setdefault(self._section, {})[host] = None

    @staticmethod
    def _named(number: int, name: str) -> None:
        if not _NAME.fullmatch(name) or name.startswith("-"):
            raise InventoryRefused(f"Line {number}: “{shown(name)}” is no name of a host or a group.")

    def members(self, groups: Sequence[str]) -> list[str]:
        """The hosts of the groups and of the groups in them, each once, in the file's order."""
        found: dict[str, None] = {}
        for group in groups:
            self._add_members(group, found, 0, set())
        return list(found)

    def _add_members(self, group: str, found: dict[str, None], depth: int, seen: set[str]) -> None:
        if depth > _MOST_DEPTH or group in seen:
            return
        seen.add(group)
        found |= self.groups.get(group, {})
        for child in self.children.get(group, {}):
            self._add_members(child, found, depth + 1, seen)

    def variables_of(self, host: str) -> dict[str, str]:
        """The host's variables over those of its groups over those of all."""
        merged = dict(self.variables.get("all", {}))
        for group in (*self.groups, *self.children):
            if group in self.variables and host in self.members([group]):
                merged |= self.variables[group]
        return merged | self.hosts.get(host, {})


def _expanded(name: str, number: int) -> Iterator[str]:
    """`node[01:03]` is three names."""
    found = _RANGE.fullmatch(name)
    if found is None:
        yield name
        return
    first, last, width = int(found[2]), int(found[3]), len(found[2])
    if not 0 <= last - first < MOST_HOSTS:
        raise InventoryRefused(
            f"Line {number}: “{shown(name)}” is a range of more than {MOST_HOSTS} hosts, or of none."
        )
    for count in range(first, last + 1):
        yield f"{found[1]}{count:0{width}d}{found[4]}"


def _gather(file: _File) -> Inventory:
    gathered = Gathered()
    control_planes, workers = file.members(_CONTROL_PLANE), file.members(_WORKERS)
    roles = dict.fromkeys(workers, "worker") | dict.fromkeys(control_planes, "control_plane")
    roles |= {name: "jump" for name in file.members(_JUMP) if name not in roles}
    if not roles:
        raise InventoryRefused("There is no host in [kube_control_plane] or [kube_node].")
    for name in file.hosts:
        if name not in roles:
            if name in file.members(["etcd"]):
                raise InventoryRefused(f"{shown(name)} has etcd alone; Slipway runs etcd on the control planes.")
            gathered.note(f"{shown(name)} is in no group of a cluster and was left out.")
            continue
        variables = file.variables_of(name)
        _note(gathered, name, variables)
        gathered.host(
            name,
            variables.get("ansible_host") or variables.get("ansible_ssh_host") or variables.get("ip") or name,
            roles[name],
            variables.get("ansible_port") or variables.get("ansible_ssh_port") or "22",
            variables.get("ansible_user") or variables.get("ansible_ssh_user") or "root",
        )
    both = [name for name in control_planes if name in workers]
    if both:
        gathered.note(
            f"{shown(both[0])} is control plane and node; it becomes a control plane, and pods need a toleration."
        )
    variables = {}
    for group in ("all", "k8s-cluster", "k8s_cluster"):
        variables |= file.variables.get(group, {})
    gathered.fields({ours: variables[theirs] for theirs, ours in _FIELDS.items() if variables.get(theirs)})
    return gathered.done()


def _note(gathered: Gathered, name: str, variables: Mapping[str, str]) -> None:
    for one in _SECRETS:
        if variables.get(one):
            gathered.note(f"{one} of {shown(name)} was left out: give key or password in the form.")
    for one in _SSH_ARGUMENTS:
        if variables.get(one):
            gathered.note(f"{one} of {shown(name)} was left out: a jump host is a host with the role jump.")
    if variables.get("ip") and variables["ip"] != variables.get("ansible_host", variables["ip"]):
        gathered.note(f"ip of {shown(name)} was left out: nodes use the address of the host's own interface.")


def write(config: Config, hosts: Sequence[Host]) -> str:
    """The same as text. Only fields that kubespray knows are in it."""
    jumps = [one for one in hosts if one.role == "jump"]
    control_planes = [one for one in hosts if one.role == "control_plane"]
    lines = ["[all]"]
    for one in hosts:
        member = f" etcd_member_name={one.name}" if one.role == "control_plane" else ""
        lines.append(f"{one.name} ansible_host={one.address} ansible_port={one.port} ansible_user={one.user}{member}")
    lines += ["", "[kube_control_plane]", *(one.name for one in control_planes)]
    lines += ["", "[etcd:children]", "kube_control_plane"]
    lines += ["", "[kube_node]", *(one.name for one in hosts if one.role == "worker")]
    if jumps:
        lines += ["", "[bastion]", *(one.name for one in jumps)]
    lines += ["", "[k8s_cluster:children]", "kube_control_plane", "kube_node", "", "[k8s_cluster:vars]"]
    for theirs, ours in _FIELDS.items():
        value = str(getattr(config, ours))
        if value:
            # kubespray writes versions without the v.
            lines.append(f"{theirs}={value.removeprefix('v') if theirs == 'kube_version' else value}")
    return "\n".join([*lines, ""])
