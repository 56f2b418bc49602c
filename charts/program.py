"""Helm as a program: where it is found, and one run of it with limits on time and on what it says.

Helm gets an argument list and never a shell; a home, cache and kubeconfig of its own that go with the run; an
environment without anything of ours in it; and a gate to the cluster instead of its credential. It dies with the
process that started it, and the gate with it, so that a worker that is killed leaves no Helm behind that could go on
writing to the cluster.
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings
from django.utils.translation import gettext as _

from charts.errors import HelmFailed, HelmMissing, HelmTimedOut
from charts.values import scrub
from clusters.connection.gate import Gate

MAX_OUTPUT_BYTES = 64 * 1024 * 1024
MAX_SAID_LINES, MAX_LINE = 200, 1000
LOOK_SECONDS = 0.2
# On Linux the kernel ends Helm as soon as its parent thread is gone; the parent may have died before that was asked.
_TIED = (
    "import ctypes,os,sys\n"
    "parent=int(sys.argv[1])\n"
    "if sys.platform=='linux':\n"
    "  ctypes.CDLL(None).prctl(1,9)\n"
    "  if os.getppid()!=parent: sys.exit(3)\n"
    "os.execv(sys.argv[2],sys.argv[2:])\n"
)


@dataclass(frozen=True)
class Run:
    """What one run of Helm works with. `folder` is private to it and goes with it."""

    folder: Path
    kubeconfig: Path
    namespace: str
    values: dict[str, object] = field(repr=False)
    gate: Gate

    def file(self, name: str, content: bytes) -> str:
        """Write a private file into the run's folder and answer its path."""
        return str(_write(self.folder / name, content))

    def clean(self, text: str) -> str:
        """The text without the secrets of the values, the gate, and our own paths."""
        text = text.replace(str(self.folder), "").replace(self.gate.url, "")
        return scrub(text, dict(self.values))


@lru_cache(maxsize=1)
def _built_for_us() -> Path | None:
    """The Helm that `python -m sandbox build --helm` puts into the user's cache, the newest of them."""
    base = os.environ.get("XDG_CACHE_HOME")
    cache = (Path(base) if base else Path.home() / ".cache") / "slipway"
    found = sorted(cache.glob("sandbox/*/helm"), key=lambda file: file.stat().st_mtime)
    return found[-1] if found else None


def find_helm() -> str:
    """The path of the Helm to use: SLIPWAY_HELM, else the one on PATH, else the one built into the user's cache.

    Raises HelmMissing, which says how to get one.
    """
    if settings.HELM:
        found = shutil.which(settings.HELM)
        if found is None:
            raise HelmMissing(
                _("SLIPWAY_HELM names %(path)s, which is no program.") % {"path": settings.HELM},
                next=_("Correct SLIPWAY_HELM, or unset it."),
            )
        return found
    found = shutil.which("helm") or (str(built) if (built := _built_for_us()) else None)
    if found is None:
        _built_for_us.cache_clear()
        raise HelmMissing(
            _("Slipway finds no Helm: it is neither on PATH nor built."),
            next=_("Run `make helm` in the checkout, or install Helm 4 and set SLIPWAY_HELM to its path."),
        )
    return found


@contextmanager
def prepared(gate: Gate, namespace: str, values: dict[str, object]) -> Iterator[Run]:
    """A private folder with a kubeconfig for one gate, removed at the end whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-helm-"))
    try:
        kubeconfig = _write(folder / "kubeconfig", yaml.safe_dump(_kubeconfig(gate)).encode())
        yield Run(folder, kubeconfig, namespace, values, gate)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_helm(
    run: Run,
    arguments: Sequence[str],
    *,
    seconds: float,
    stdin: bytes = b"",
    says: Callable[[str], None] | None = None,
    still_ours: Callable[[], bool] | None = None,
) -> str:
    """Run Helm and answer what it printed. `says` is told each line of its standard error, cleaned.

    `stdin` is what it reads, so that values never stand in a file. `still_ours` is asked while it runs; when it says
    no, Helm is ended. Raises HelmMissing, HelmFailed, HelmTimedOut.
    """
    command = [find_helm(), *arguments, "--namespace", run.namespace, "--kubeconfig", str(run.kubeconfig)]
    deadline = time.monotonic() + seconds
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    said = _Said(lines, says)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), *command],
            stdin=given,
            stdout=out,
            stderr=subprocess.PIPE,
            env=_environment(run.folder),
            cwd=run.folder,
            start_new_session=True,
        )
        reader = threading.Thread(target=_listen, args=(process, run, lines), daemon=True)
        reader.start()
        try:
            _wait(process, deadline, out.fileno(), said, still_ours)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            reader.join(5)
        said.pass_on()
        out.seek(0)
        printed = out.read(MAX_OUTPUT_BYTES).decode("utf-8", "replace")
    if process.returncode != 0:
        words = "\n".join(said.lines[-20:]) or _("it ended with code %(code)d") % {"code": process.returncode}
        raise HelmFailed(words.removeprefix("Error: "), next=_("Correct what Helm names, and try again."))
    return printed


class _Said:
    """What Helm has said. A thread listens; it is passed on in ours, which has the connection to the database."""

    def __init__(self, heard: queue.SimpleQueue[str], says: Callable[[str], None] | None) -> None:
        self._heard = heard
        self._says = says
        self.lines: list[str] = []

    def pass_on(self) -> None:
        """Tell what was heard since the last time."""
        while not self._heard.empty():
            line = self._heard.get()
            self.lines.append(line)
            if self._says is not None:
                self._says(line)


def _wait(
    process: subprocess.Popen[bytes],
    deadline: float,
    out: int,
    said: _Said,
    still_ours: Callable[[], bool] | None,
) -> None:
    while True:
        said.pass_on()
        try:
            process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
        if time.monotonic() > deadline:
            raise HelmTimedOut(
                _("Helm did not end within its time and was ended."),
                next=_("See what the release waits for, then try again with a longer time."),
            )
        if os.fstat(out).st_size > MAX_OUTPUT_BYTES:
            raise HelmFailed(_("Helm said more than %(size)d MiB.") % {"size": MAX_OUTPUT_BYTES // 1024**2})
        if still_ours is not None and not still_ours():
            raise HelmFailed(_("Helm was ended, because the operation is no longer this worker's."))


def _listen(process: subprocess.Popen[bytes], run: Run, lines: queue.SimpleQueue[str]) -> None:
    """Keep the first lines of what Helm says; the rest is read and dropped, so that it never waits for us."""
    if process.stderr is None:
        return
    with process.stderr as stream:
        while raw := stream.readline(64 * 1024):
            line = run.clean(raw.decode("utf-8", "replace").strip())[:MAX_LINE]
            if line and lines.qsize() < MAX_SAID_LINES:
                lines.put(line)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ") if name in os.environ}
    homes = {
        "HOME": folder,
        "TMPDIR": folder,
        "HELM_CACHE_HOME": folder / "cache",
        "HELM_CONFIG_HOME": folder / "config",
        "HELM_DATA_HOME": folder / "data",
        "HELM_PLUGINS": folder / "plugins",
    }
    return {**kept, **{name: str(path) for name, path in homes.items()}, "HELM_DRIVER": "secret", "LANG": "C.UTF-8"}


def _kubeconfig(gate: Gate) -> dict[str, object]:
    """The gate as Helm is to reach it. No credential of the cluster is in it."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": gate.url}}],
        "contexts": [{"name": "x", "context": {"cluster": "c"}}],
        "current-context": "x",
    }


def _write(path: Path, content: bytes) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return path
