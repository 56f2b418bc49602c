"""What kubelets set, and machines need, of the kernel that they share with this computer; given back afterwards."""

import json
from pathlib import Path

from sandbox.files import locked

KEPT = Path("/run/slipway-hosts.json")
LOCK = Path("/run/slipway-hosts-kept.lock")
# Each systemd of a machine takes two dozen of these: the usual 128 end with the fifth machine.
RAISED = {"fs/inotify/max_user_instances": 1024}
SYSCTLS = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", *RAISED)
NAMESPACES = Path("/run/netns")


def keep() -> None:
    """Write the values down, unless another set did so before, and raise those that machines need more of."""
    with locked(LOCK):
        if not KEPT.exists():
            KEPT.write_text(json.dumps({name: _file(name).read_text().strip() for name in SYSCTLS}), encoding="ascii")
        for name, least in RAISED.items():
            if int(_file(name).read_text()) < least:
                _file(name).write_text(str(least), encoding="ascii")


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
