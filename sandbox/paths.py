"""Where the sandbox keeps things: its state in the home of one portal, its programs in the user's cache."""

import os
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent


@dataclass(frozen=True)
class StateFolder:
    """The folder `$SLIPWAY_HOME/sandbox` and the files in it."""

    root: Path

    @classmethod
    def of(cls, home: Path | str | None = None) -> "StateFolder":
        """The state folder of a home; without one, of `$SLIPWAY_HOME` or `.slipway`."""
        chosen = Path(home or os.environ.get("SLIPWAY_HOME") or ".slipway")
        return cls(chosen.expanduser().resolve() / "sandbox")

    @property
    def home(self) -> Path:
        return self.root.parent

    @property
    def progress(self) -> Path:
        return self.root / "progress.json"

    @property
    def processes(self) -> Path:
        return self.root / "processes.json"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def audit_log(self) -> Path:
        return self.root / "audit" / "audit.log"

    @property
    def lane(self) -> Path:
        """There when this sandbox is a traffic lane (see sandbox.lane)."""
        return self.root / "lane"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.root / "supervisor.lock"

    @property
    def start_lock(self) -> Path:
        """Held by whoever is just starting or ending a supervisor."""
        return self.root / "start.lock"

    def data(self, component: str) -> Path:
        """Where a component keeps its data between starts."""
        return self.root / "data" / component


def cache_folder() -> Path:
    """The user's cache for programs that all homes and checkouts share."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "slipway"
