"""What kubelets set for the whole kernel, which machines share with this computer: kept, and given back afterwards."""

import json
from pathlib import Path

from sandbox.files import locked

KEPT = Path("/run/slipway-hosts.json")
LOCK = Path("/run/slipway-hosts-kept.lock")
SYSCTLS = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
NAMESPACES = Path("/run/netns")


def keep() -> None:
    """Write the values down, unless another set of machines did so before."""
    with locked(LOCK):
        if not KEPT.exists():
            KEPT.write_text(json.dumps({name: _file(name).read_text().strip() for name in SYSCTLS}), encoding="ascii")


def give_back() -> None:
    """Set them as they were once no set of machines is left."""
    with locked(LOCK):
        if any(NAMESPACES.glob("slip-*")) or not KEPT.exists():
            return
        for name, value in json.loads(KEPT.read_text(encoding="ascii")).items():
            _file(name).write_text(value, encoding="ascii")
        KEPT.unlink()


def _file(name: str) -> Path:
    return Path("/proc/sys") / name
