"""The programs of one local Slipway, in the order they are started."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from portal import valkey
from portal.run.home import Home
from portal.run.pids import write_atomically
from portal.run.process import Program
from portal.serve import command

PYTHON = sys.executable


@dataclass(frozen=True)
class Options:
    """What the person who starts it may choose: a cluster of their own by `kubeconfig`, the sandbox, or neither."""

    port: int = 8000
    kubeconfig: str = ""
    with_sandbox: bool = True

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"


def environment(home: Home, options: Options) -> dict[str, str]:
    """What every program is told besides the environment of the supervisor."""
    return {
        "SLIPWAY_HOME": str(home.path),
        "SLIPWAY_LOCAL": "1",
        "PORT": str(options.port),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }


def broker(home: Home) -> tuple[Program, Path, str] | None:
    """The local broker with its socket and new password; None where SLIPWAY_REDIS_URL names one that runs.

    Raises valkey.NoBroker.
    """
    noted = home.run / "redis-url"
    if os.environ.get("SLIPWAY_REDIS_URL"):
        noted.unlink(missing_ok=True)
        return None
    socket, password = home.socket(), valkey.new_password()
    write_atomically(noted, valkey.url(socket, password) + "\n")
    configuration = valkey.configuration(socket, home.valkey, password)
    return Program("valkey", [str(valkey.find_server()), "-"], stdin=configuration), socket, password


def manage(name: str, *arguments: str, told: dict[str, str], once: bool = True) -> Program:
    """One of the portal's own management commands."""
    return Program(name, [PYTHON, "manage.py", *arguments], told, once=once)


def long_running(home: Home, options: Options) -> list[Program]:
    """What stays up, web first: worker, beat, watch, and the sandbox unless it is not wanted."""
    told = environment(home, options)
    programs = [
        Program(name, [PYTHON, *(command(name, port=str(options.port)) or ())], {**told, "SLIPWAY_PROCESS": name})
        for name in ("web", "worker", "beat", "watch")
    ]
    if options.with_sandbox:
        programs.append(Program("sandbox", [PYTHON, "-m", "sandbox", "run"], told, stop_seconds=15.0))
    return programs


def first_steps(home: Home, options: Options) -> Program:
    """The one-shot program that brings a first cluster and its services in."""
    if options.kubeconfig:
        cluster = ["--kubeconfig", options.kubeconfig]
    else:
        cluster = ["--sandbox"] if options.with_sandbox else []
    return manage("first-steps", "first_steps", *cluster, told=environment(home, options))
