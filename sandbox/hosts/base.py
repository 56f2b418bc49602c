"""The system that all machines start from: Debian, made once by debootstrap in the user's cache."""

import hashlib
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sandbox.errors import BuildFailed
from sandbox.files import locked
from sandbox.hosts.commands import run
from sandbox.paths import cache_folder
from sandbox.progress import Progress, Report

SUITE = "bookworm"
"""Its systemd still knows cgroup v1, so that it boots on computers with either."""

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "sudo", "ca-certificates", "curl"),
    *("iproute2", "iptables", "nftables", "ipset", "conntrack", "ebtables", "ethtool", "socat", "kmod", "procps"),
    # Leaves again: it is for the bundle.
    "runc",
    *("netbase", "iputils-ping", "openssl", "libnss-myhostname"),
)
EXPECTED_PACKAGES = 150
TYPICAL_SECONDS = 80
# What would call home, or wait for a console that nobody has.
MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"),
    *("e2scrub_reap.service", "console-getty.service", "systemd-networkd.service"),
)
ADMIN = "admin"
"""A user with sudo and no password, for installs that do not log in as root."""

SETUP = """#!/bin/sh
# What the hypervisor's network and the kernel's command line would do for a machine of iron.
set -e
for controller in /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$controller" || true; done
mount --make-rshared /
. /etc/machine/network
ip link show eth0 >/dev/null 2>&1 || ip link set host0 name eth0
ip link set lo up
ip address replace "$ADDRESS" dev eth0
ip link set eth0 up
ip route replace default via "$GATEWAY"
"""
SETUP_UNIT = """[Unit]
Description=Network and control groups of this machine
DefaultDependencies=no
After=local-fs.target
Before=network.target ssh.service sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/machine-setup

[Install]
WantedBy=sysinit.target
"""


def base_folder() -> Path:
    """Where the system of this checkout's package list belongs in the user's cache."""
    parts = [SUITE, platform.machine(), *PACKAGES, *MASKED, SETUP, SETUP_UNIT, ADMIN]
    return cache_folder() / "hosts" / f"debian-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:16]}"


def runc() -> Path:
    """Debian's runc, which is in the bundle and not on the machines."""
    return base_folder().with_suffix(".runc")


def is_made() -> bool:
    """Whether the system is in the cache."""
    return base_folder().exists()


def make(report: Report) -> Path:
    """Have the system in the cache and return its folder. Raises BuildFailed when Debian cannot be had."""
    folder = base_folder()
    if folder.exists():
        return folder
    with locked(folder.with_suffix(".lock")):
        if not folder.exists():
            partial = folder.with_name(f".{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            _bootstrap(partial, report)
            shutil.copy2(partial / "usr/sbin/runc", runc())
            _furnish(partial)
            partial.rename(folder)
    return folder


def _bootstrap(root: Path, report: Report) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    words = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root)]
    last: list[str] = []
    seen = 0
    for line in _lines(words):
        last = [*last[-14:], line]
        seen += line.startswith(("I: Retrieving", "I: Unpacking", "I: Configuring"))
        fraction = min(0.99, seen / (3 * EXPECTED_PACKAGES))
        report(
            Progress(
                "building",
                "debian",
                f"making the machines' Debian ({line.removeprefix('I: ').rstrip('.')})",
                fraction=fraction,
                eta_seconds=round(TYPICAL_SECONDS * (1 - fraction)),
            )
        )
    if not (root / "usr/sbin/sshd").exists():
        raise BuildFailed(
            "The machines' Debian could not be made",
            why="\n".join(last),
            next="Check that Debian's packages are reachable (a proxy is read from http_proxy), then try again",
        )


def _lines(words: list[str]) -> Iterator[str]:
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for by PIPE
        for line in process.stdout:
            yield line.rstrip()


def _furnish(root: Path) -> None:
    """Turn a plain Debian into one that boots unattended, with nothing in it that two machines may not share."""
    inside = ("chroot", root)
    run(*inside, "useradd", "--create-home", "--shell", "/bin/bash", ADMIN, doing=f"Adding the user {ADMIN}")
    _put(root / "etc/sudoers.d" / ADMIN, f"{ADMIN} ALL=(ALL) NOPASSWD: ALL\n", mode=0o440)
    _put(root / "usr/local/sbin/machine-setup", SETUP, mode=0o755)
    _put(root / "etc/systemd/system/machine-setup.service", SETUP_UNIT)
    run(*inside, "dpkg", "--purge", "runc", doing="Taking runc out")
    run(*inside, "systemctl", "enable", "machine-setup.service", "ssh.service", doing="Choosing what starts at boot")
    run(*inside, "systemctl", "mask", *MASKED, doing="Choosing what never starts")
    for leftover in (*root.glob("etc/ssh/ssh_host_*"), *root.glob("var/cache/apt/archives/*.deb")):
        leftover.unlink()
    for folder in root.glob("var/lib/apt/lists/*"):
        shutil.rmtree(folder, ignore_errors=True)
    _put(root / "etc/machine-id", "")


def _put(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
