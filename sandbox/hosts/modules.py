"""Kernel modules of a machine whose computer has them built in: `modprobe` finds them, as it would elsewhere."""

import gzip
import os
from pathlib import Path

from sandbox.hosts.commands import attempt

CONFIG = Path("/proc/config.gz")
# What installers load, by the kernel's own option for it.
BUILT_IN = {
    "CONFIG_OVERLAY_FS": "kernel/fs/overlayfs/overlay.ko",
    "CONFIG_BRIDGE_NETFILTER": "kernel/net/bridge/br_netfilter.ko",
    "CONFIG_NF_CONNTRACK": "kernel/net/netfilter/nf_conntrack.ko",
    "CONFIG_NF_TABLES": "kernel/net/netfilter/nf_tables.ko",
    "CONFIG_IP_SET": "kernel/net/netfilter/ipset/ip_set.ko",
    "CONFIG_IP_TABLES": "kernel/net/ipv4/netfilter/ip_tables.ko",
    "CONFIG_VXLAN": "kernel/drivers/net/vxlan/vxlan.ko",
    "CONFIG_IP_VS": "kernel/net/netfilter/ipvs/ip_vs.ko",
}


def furnish_modules(root: Path) -> None:
    """Write down for `modprobe` what the kernel has built in. Where this computer has modules, machines see those."""
    if Path("/lib/modules").is_dir() or not CONFIG.exists():
        return
    enabled = {line[:-2] for line in gzip.decompress(CONFIG.read_bytes()).decode().splitlines() if line.endswith("=y")}
    release = os.uname().release
    folder = root / "usr/lib/modules" / release
    folder.mkdir(parents=True, exist_ok=True)
    built_in = [path for option, path in BUILT_IN.items() if option in enabled]
    (folder / "modules.builtin").write_text("".join(f"{path}\n" for path in built_in), encoding="ascii")
    (folder / "modules.order").touch()
    attempt("chroot", root, "depmod", release)
