"""A network of this process's own, in which every address of a Pod is local and nothing else is reachable."""

import ctypes
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POD_RANGE = "10.244.0.0/16"
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def why_not() -> str:
    """Why this process cannot have a network of its own; empty when it can."""
    if _LIBC is None:
        return "network namespaces are Linux's"
    tried = subprocess.run(["unshare", "--net", "ip", "link"], check=False, capture_output=True, text=True)
    if tried.returncode == 0:
        return ""
    said = (tried.stderr.strip().splitlines() or ["no answer"])[-1]
    return f"needs root, or to be run under `unshare --user --map-root-user` ({said})"


def is_own() -> bool:
    """Whether this process sees no network but loopback, so that listening on all addresses opens nothing."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


@contextmanager
def own_network() -> Iterator[None]:
    """The calling thread, and all threads and processes it starts, have a network of their own within the block.

    Only the calling thread is moved: call it from the main thread, before what shall be inside is started. Sockets that
    are open stay where they are, and Unix sockets know no networks. Raises OSError where that is not allowed.
    """
    before = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
    try:
        _call("unshare", _CLONE_NEWNET)
        try:
            for words in (["link", "set", "lo", "up"], ["route", "add", "local", POD_RANGE, "dev", "lo"]):
                subprocess.run(["ip", *words], check=True, capture_output=True)
            # A busy run closes connections by the thousand; their ports shall not run out.
            Path("/proc/sys/net/ipv4/tcp_tw_reuse").write_text("1", encoding="ascii")
            yield
        finally:
            _call("setns", before, _CLONE_NEWNET)
    finally:
        os.close(before)


def _call(name: str, *arguments: int) -> None:
    if _LIBC is None:
        raise OSError("network namespaces are Linux's")
    if getattr(_LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
