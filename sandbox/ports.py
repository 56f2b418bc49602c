"""The loopback ports of one sandbox: chosen once, kept as long as nobody else takes them."""

import json
import random
import socket
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from sandbox.files import write_atomically

LOOPBACK = "127.0.0.1"
# Below the range from which kernels hand out ports for outgoing connections, so that none of those gets in the way.
CHOOSE_FROM = range(20000, 32000)


@dataclass(frozen=True)
class Ports:
    """One port for each listener."""

    etcd: int
    etcd_peer: int
    etcd_health: int
    api_server: int
    controller_manager: int
    scheduler: int
    kwok: int
    prometheus: int


def read_ports(path: Path) -> Ports | None:
    """The ports written in `path`; None when there are none."""
    try:
        return Ports(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def keep_or_choose(path: Path) -> Ports:
    """The ports written in `path` if all are free, else new ones, which are written there."""
    kept = read_ports(path)
    if kept is not None and all(_is_free(port) for port in asdict(kept).values()):
        return kept
    free = (port for port in random.sample(CHOOSE_FROM, len(CHOOSE_FROM)) if _is_free(port))
    chosen = Ports(**{field.name: next(free) for field in fields(Ports)})
    write_atomically(path, json.dumps(asdict(chosen)))
    return chosen


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        # As Go's listeners do: connections of the last run that linger do not keep the port.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
