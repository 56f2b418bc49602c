"""What this computer must have to make machines."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Which Debian package has which program.
PROGRAMS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def why_not() -> str:
    """Why no machines can be made here, with what helps; empty when they can."""
    if sys.platform != "linux":
        return "machines are made of Linux's namespaces: use a Linux machine"
    if os.geteuid() != 0:
        return "machines need root: run it as root or with sudo -E"
    missing = {package for program, package in PROGRAMS.items() if shutil.which(program) is None}
    if not KEYRING.exists():
        missing.add("debian-archive-keyring")
    if missing:
        return f"programs are missing: apt-get install {' '.join(sorted(missing))}"
    tried = subprocess.run(["unshare", "--mount", "--net", "ip", "link"], check=False, capture_output=True, text=True)
    if tried.returncode != 0:
        return f"this root may not make namespaces: {tried.stderr.strip()}"
    if "\toverlay\n" not in Path("/proc/filesystems").read_text(encoding="ascii"):
        return "the kernel has no overlayfs: modprobe overlay"
    return ""
