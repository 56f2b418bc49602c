"""The few programs of the machines' Debian that images of network programs call, with the libraries they need."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.errors import BuildFailed

PROGRAMS = (
    *("/usr/sbin/iptables", "/usr/sbin/iptables-save", "/usr/sbin/iptables-restore", "/usr/sbin/ip6tables"),
    *("/usr/sbin/ip6tables-save", "/usr/sbin/ip6tables-restore", "/usr/sbin/ipset", "/usr/sbin/nft"),
    *("/usr/sbin/conntrack", "/usr/sbin/sysctl", "/usr/bin/ip", "/usr/sbin/tc", "/usr/bin/kmod", "/usr/sbin/modprobe"),
    *("/usr/bin/dash", "/usr/bin/sh", "/usr/bin/cat", "/usr/bin/cp", "/usr/bin/mv", "/usr/bin/ls", "/usr/bin/sleep"),
    *("/usr/bin/mkdir", "/usr/bin/getent", "/usr/bin/curl", "/usr/bin/mount", "/usr/bin/hostname"),
)
# What those open at run time, which no linker knows.
PATTERNS = ("usr/lib/*/xtables/*.so", "usr/lib/*/libnss_files.so*", "usr/lib/*/libnss_dns.so*", "etc/protocols")
_LIBRARY = re.compile(r"(/\S+) \(0x")


@dataclass(frozen=True)
class Userland:
    """Files by their path in the image, and symbolic links."""

    files: dict[str, Path] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


def collect(root: Path) -> Userland:
    """The userland out of the Debian at `root`. Raises BuildFailed when that lacks a program."""
    found = Userland(links={"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64"})
    for name in PROGRAMS:
        _take(root, name, found)
    for pattern in PATTERNS:
        for path in sorted(root.glob(pattern)):
            _take(root, f"/{path.relative_to(root)}", found)
    for name in _libraries(root, list(found.files)):
        _take(root, name, found)
    return found


def _take(root: Path, name: str, found: Userland) -> None:
    """Take a file, and what it is a link to, link by link."""
    path = Path(_merged(name))
    while (root / path.relative_to("/")).is_symlink():
        target = str((root / path.relative_to("/")).readlink())
        found.links[str(path)] = target
        path = Path(_merged(os.path.normpath(path.parent / target)))
    source = root / path.relative_to("/")
    if not source.exists():
        raise BuildFailed(f"The machines' Debian has no {path}", next="Remove it from the cache, then build it again")
    found.files[str(path)] = source


def _merged(name: str) -> str:
    return f"/usr{name}" if name.startswith(("/bin/", "/sbin/", "/lib/", "/lib64/")) else name


def _libraries(root: Path, names: list[str]) -> list[str]:
    programs = [name for name in names if not name.startswith("/etc/")]
    said = subprocess.run(["chroot", str(root), "ldd", *programs], check=False, capture_output=True, text=True)
    return sorted(set(_LIBRARY.findall(said.stdout)))
