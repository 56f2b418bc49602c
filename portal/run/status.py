"""What runs in a home, for `make status` and `make stop`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from portal.run.home import AlreadyRunning, Home
from portal.run.pids import Record, Records, write_atomically
from portal.run.progress import duration, read_progress

STOP_SECONDS = 30.0


def write_run(home: Home, supervisor: Record, url: str) -> None:
    """Note who supervises this home and where it serves."""
    facts = {"pid": supervisor.pid, "started": supervisor.started, "url": url, "since": time.time()}
    write_atomically(home.run / "run.json", json.dumps(facts))


def read_run(home: Home) -> dict[str, Any]:
    """What `write_run` noted; empty when nothing runs or was forgotten."""
    try:
        facts: dict[str, Any] = json.loads((home.run / "run.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return facts


def forget_run(home: Home) -> None:
    """The supervisor of this home has ended."""
    for name in ("run.json", "supervisor.pid", "redis-url"):
        (home.run / name).unlink(missing_ok=True)
    home.forget_socket()


def _supervisor(home: Home) -> Record | None:
    facts = read_run(home)
    record = Record(facts["pid"], facts["started"]) if facts else None
    return record if record and record.is_alive else None


def stop(home: Home) -> int:
    """End the supervisor of this home and all it started; answers the exit code."""
    supervisor = _supervisor(home)
    if supervisor:
        os.kill(supervisor.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while supervisor.is_alive and time.monotonic() < deadline:
            time.sleep(0.05)
        if supervisor.is_alive:
            print(f"It did not stop in {STOP_SECONDS:.0f} s; its log is {home.logs / 'slipway.log'}")
            return 1
    try:
        with home.lock():
            left = Records(home.run).end_leftovers()
            forget_run(home)
    except AlreadyRunning:
        print("Another start is under way in this home.")
        return 1
    print("Stopped." if supervisor or left else "Nothing was running.")
    return 0


async def show(home: Home) -> int:
    """Print a table of the processes and the state of the sandbox; answers 0 when it runs, 1 when not."""
    supervisor = _supervisor(home)
    if supervisor is None:
        print("Slipway is not running. Start it: make run")
        return 1
    facts = read_run(home)
    print(f"Slipway at {facts['url']}, up {duration(time.time() - facts['since'])}, home {home.path}\n")
    print(f"{'NAME':<12}{'PID':>8}  {'STATE':<10}{'MEMORY':>9}")
    for name, record in {"supervisor": supervisor, **Records(home.run).read()}.items():
        state = "running" if record.is_alive else "restarting"
        print(f"{name:<12}{record.pid:>8}  {state:<10}{memory(record.pid):>9}")
    ready = "ready" if await is_served(port_of(facts["url"]), "/healthz/ready") else "not ready: see /healthz/ready"
    print(f"\nportal: {ready}")
    progress = read_progress(home.sandbox_progress)
    if progress:
        eta = progress.get("eta_seconds")
        left = f", about {duration(eta)} left" if eta else ""
        print(f"sandbox: {progress.get('state')}; {progress.get('message', '')}{left}")
    return 0


def memory(pid: int) -> str:
    """Resident memory of a process, "" where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return ""
    kilobytes = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
    return f"{kilobytes / 1024:.0f} MB"


def port_of(url: str) -> int:
    """The port of a local URL."""
    return int(url.rpartition(":")[2])


async def is_served(port: int, path: str = "/healthz/live", timeout_seconds: float = 5.0) -> bool:
    """Whether a local page answers 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(timeout_seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request.encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
