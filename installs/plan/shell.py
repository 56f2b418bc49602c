"""How the scripts of a plan are written: POSIX shell, every value quoted, nothing read from the script's own input."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable

from installs.shapes import File

# Where Slipway keeps on a host what it needs to take back, or to know how far an interrupted step came.
STATE = "/var/lib/slipway"
ADMIN_CONFIG = "/etc/kubernetes/admin.conf"

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

quote = shlex.quote


def script(body: str) -> str:
    """A whole script. Its commands read /dev/null: one that reads its input would eat the rest of `sh -s`."""
    return (
        f"set -eu\nexport LC_ALL=C PATH={_PATH}\n"
        f"say() {{ printf '%s\\n' \"$*\"; }}\n"
        f"fail() {{ printf '%s\\n' \"$*\" >&2; exit 1; }}\n"
        f"run() {{\n{body.strip()}\n}}\nrun </dev/null\n"
    )


def words(values: Iterable[str]) -> str:
    """Values as words of one command line."""
    return " ".join(quote(value) for value in values)


def until(condition: str, seconds: int, otherwise: str, every: int = 2) -> str:
    """Shell that waits for a condition, and fails with a sentence when it does not come true in time."""
    return (
        f"left={int(seconds)}\n"
        f"until {condition}; do\n"
        f"  left=$((left - {int(every)}))\n"
        f"  [ $left -gt 0 ] || fail {quote(otherwise)}\n"
        f"  sleep {int(every)}\n"
        f"done"
    )


def sha256(text: str) -> str:
    """The SHA-256 of a text as files hold it."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_file(path: str, text: str, mode: int = 0o644) -> File:
    """A file of our own writing."""
    return File(path=path, text=text, sha256=sha256(text), mode=mode)


def are_there(files: Iterable[File]) -> str:
    """Shell that ends with 0 when all files lie on the host with the content they shall have."""
    sums = words(f"{file.sha256}  {file.path}" for file in files)
    return f"printf '%s\\n' {sums} | sha256sum --status -c - 2>/dev/null"
