"""What every machine needs before anything of Kubernetes comes onto it: names, no swap, modules and sysctls."""

from __future__ import annotations

from installs.plan.shell import STATE, are_there, quote, script, text_file
from installs.plan.site import Site
from installs.shapes import Host, Step

_MODULES_PATH = "/etc/modules-load.d/slipway.conf"
_SYSCTL_PATH = "/etc/sysctl.d/90-slipway.conf"
_MODULES = ("overlay", "br_netfilter")
_BEGIN, _END = "# slipway begin", "# slipway end"


def prepare(site: Site, host: Host, stage: int) -> list[Step]:
    """The steps of one host."""
    steps = [names(site, host, stage), kernel(site, host, stage)]
    # Somebody who took swap on runs kubelets that bear it.
    return steps if site.takes_on("swap", host) else [*steps, swap(host, stage)]


def names(site: Site, host: Host, stage: int) -> Step:
    """The machine's own name, and the names of all nodes in /etc/hosts.

    Node names come from the install: kubelets and kubeadm look them up, and not every site has them in its DNS.
    """
    block = "\n".join(
        [
            _BEGIN,
            *(f"{site.address_of(other)} {other.name}" for other in site.hosts if site.has_address(other)),
            _END,
        ]
    )
    taken_out = f"sed '/^{_BEGIN}$/,/^{_END}$/d' /etc/hosts"
    # The file is written over in place: machines may have it mounted, and links to it stay.
    write = f"""
mkdir -p {STATE}
{taken_out} > {STATE}/hosts.new
cat >> {STATE}/hosts.new <<'HOSTS'
{block}
HOSTS
cat {STATE}/hosts.new > /etc/hosts
rm -f {STATE}/hosts.new
"""
    name = quote(host.name)
    return Step(
        id=f"names:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Name {host.name} and let it know the other hosts",
        probe=script(
            f"""
[ "$(uname -n)" = {name} ]
[ "$(sed -n '/^{_BEGIN}$/,/^{_END}$/p' /etc/hosts)" = {quote(block)} ]
"""
        ),
        script=script(
            f"""
{write}
now=$(uname -n)
if [ "$now" != {name} ]; then
  [ -e {STATE}/hostname ] || printf '%s\\n' "$now" > {STATE}/hostname
  hostnamectl set-hostname {name} 2>/dev/null || {{ printf '%s\\n' {name} > /etc/hostname; hostname {name}; }}
  say "The hostname was $now and is {host.name} now."
fi
"""
        ),
        undo=script(
            f"""
mkdir -p {STATE}
{taken_out} > {STATE}/hosts.new
cat {STATE}/hosts.new > /etc/hosts
rm -f {STATE}/hosts.new
if [ -s {STATE}/hostname ]; then
  read -r before < {STATE}/hostname
  hostnamectl set-hostname "$before" 2>/dev/null || {{ printf '%s\\n' "$before" > /etc/hostname; hostname "$before"; }}
  rm -f {STATE}/hostname
fi
"""
        ),
        timeout_seconds=60,
    )


def swap(host: Host, stage: int) -> Step:
    """Swap off, now and at the next start."""
    return Step(
        id=f"swap:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Turn swap off on {host.name}",
        probe=script(
            """
[ "$(wc -l < /proc/swaps)" -le 1 ]
! grep -Eq '^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab 2>/dev/null
"""
        ),
        script=script(
            f"""
mkdir -p {STATE}
swapoff -a
if [ -f /etc/fstab ]; then
  sed -E 's/^([^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]].*)$/# slipway: \\1/' \\
    /etc/fstab > {STATE}/fstab.new
  cat {STATE}/fstab.new > /etc/fstab
  rm -f {STATE}/fstab.new
fi
systemctl mask swap.target
"""
        ),
        undo=script(
            f"""
systemctl unmask swap.target 2>/dev/null || true
mkdir -p {STATE}
if [ -f /etc/fstab ]; then
  sed 's/^# slipway: //' /etc/fstab > {STATE}/fstab.new
  cat {STATE}/fstab.new > /etc/fstab
  rm -f {STATE}/fstab.new
fi
swapon -a 2>/dev/null || true
"""
        ),
        timeout_seconds=300,
    )


def kernel(site: Site, host: Host, stage: int) -> Step:
    """Modules and sysctls that containers and their network stand on."""
    settings = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"}
    if ":" in f"{site.config.pod_cidr}{site.config.service_cidr}":
        settings |= {
            "net.bridge.bridge-nf-call-ip6tables": "1",
            "net.ipv6.conf.all.forwarding": "1",
            "net.ipv6.conf.default.forwarding": "1",
        }
    files = (
        text_file(_MODULES_PATH, "".join(f"{module}\n" for module in _MODULES)),
        text_file(_SYSCTL_PATH, "".join(f"{key} = {value}\n" for key, value in settings.items())),
    )
    paths = {key: f"/proc/sys/{key.replace('.', '/')}" for key in settings}
    # A bridge netfilter that the kernel has no module for is left to the network's own needs, and said.
    held = "\n".join(
        f'[ ! -e {path} ] || [ "$(cat {path})" = {settings[key]} ] || fail "{key} is not {settings[key]}"'
        for key, path in paths.items()
    )
    return Step(
        id=f"kernel:{host.name}",
        host=host.name,
        stage=stage,
        title=f"Load kernel modules and set sysctls on {host.name}",
        files=files,
        probe=script(f"{are_there(files)}\n{held}"),
        script=script(
            "\n".join(
                [
                    *(
                        f"modprobe {module} 2>/dev/null || "
                        f'say "{module} cannot be loaded here; it may be built into the kernel."'
                        for module in _MODULES
                    ),
                    *(
                        f'[ ! -e {path} ] || [ "$(cat {path})" = {settings[key]} ] || echo {settings[key]} > {path}'
                        for key, path in paths.items()
                    ),
                ]
            )
        ),
        undo=script(f"rm -f {_MODULES_PATH} {_SYSCTL_PATH}"),
        timeout_seconds=60,
    )
