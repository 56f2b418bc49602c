"""`python -m portal.supervisor run|stop|status`: the processes of a local Slipway, kept running."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

from portal import valkey
from portal.run import preparation, programs, status
from portal.run.home import AlreadyRunning, Home
from portal.run.log import Log
from portal.run.pids import Record, Records, started_at, write_atomically
from portal.run.process import Process, Program, words_for
from portal.run.programs import Options
from portal.run.progress import bar, duration, read_progress

BROKER_SECONDS = 20.0


class CannotStart(Exception):
    """A step of the start failed; the message says which, why, and what to do next."""


class Supervisor:
    """One run of Slipway in one home, for as long as the home is locked."""

    def __init__(self, home: Home, options: Options, log: Log) -> None:
        self.home = home
        self.options = options
        self.log = log
        self.records = Records(home.run)
        self.processes: list[Process] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.stop_asked = asyncio.Event()

    async def run(self) -> int:
        """Start everything, stay until a signal, end everything. Answers the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop_asked.set)
        starting = asyncio.create_task(self.start())
        asked = asyncio.create_task(self.stop_asked.wait())
        await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
        code = 0
        if starting.done() and (failure := starting.exception()):
            self.log.bar("")
            self.log.line("slipway", f"could not start: {failure}")
            code = 1
        else:
            await asked
        starting.cancel()
        asked.cancel()
        await self.end()
        return code

    async def start(self) -> None:
        """Broker, database, web, then everything else at once; says the URL as soon as the page is served.

        Raises CannotStart.
        """
        began = time.monotonic()
        await self._start_broker()
        is_first = not self.home.admin_password.exists()
        if preparation.needed(self.home):
            await self._prepare()
        web, *others = programs.long_running(self.home, self.options)
        # Each of them imports for a second or two of processor time: the page comes first.
        self._keep(web)
        while not await status.is_served(self.options.port):
            await asyncio.sleep(0.05)
        for program in others:
            self._keep(program)
        self._welcome(time.monotonic() - began, is_first=is_first)
        self._keep(programs.first_steps(self.home, self.options))
        if self.options.with_sandbox:
            await self._show_sandbox()

    async def _start_broker(self) -> None:
        try:
            found = programs.broker(self.home)
        except (valkey.NoBroker, PermissionError) as error:
            raise CannotStart(str(error)) from error
        if found is None:
            return
        program, path, password = found
        self._keep(program)
        deadline = time.monotonic() + BROKER_SECONDS
        while not await valkey.answers(path, password):
            if time.monotonic() > deadline:
                raise CannotStart(f"the broker {program.command[0]} does not answer at {path}; its lines are above")
            await asyncio.sleep(0.01)

    async def _prepare(self) -> None:
        """Database, first administrator, static files: needed at the first start and after an update."""
        self.log.line("slipway", "preparing database, first administrator and static files")
        process = Process(preparation.program(self.home, self.options), self.log, self.records)
        self.processes.append(process)
        code = await process.run()
        self.processes.remove(process)
        self.records.remove(process.program.name)
        if code != 0:
            raise CannotStart(f"manage.py prepare failed ({words_for(code)}); its lines are above")
        preparation.note_done(self.home)

    def _keep(self, program: Program) -> None:
        process = Process(program, self.log, self.records)
        self.processes.append(process)
        task = asyncio.create_task(process.keep())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _welcome(self, seconds: float, *, is_first: bool) -> None:
        password = self.home.admin_password
        self.log.line("slipway", f"served after {seconds:.1f} s at {self.options.url}")
        self.log.say(f"\n  Slipway      {self.options.url}")
        self.log.say(f"  sign in as   admin, with the password in {_short(password)}")
        if is_first and password.exists():
            self.log.say(f"  password     {password.read_text().strip()}")
        self.log.say("  stop         Ctrl-C, or `make stop`\n")

    async def _show_sandbox(self) -> None:
        """Draw the sandbox's progress until it is ready; without a terminal its own lines tell the same."""
        while True:
            progress = read_progress(self.home.sandbox_progress)
            state = progress.get("state", "starting")
            if state in {"ready", "failed"}:
                self.log.bar("")
                return
            label = f"sandbox: {progress.get('message') or state}"
            self.log.bar(bar(label, float(progress.get("fraction") or 0), progress.get("eta_seconds")))
            await asyncio.sleep(0.5)

    async def end(self) -> None:
        """End every process: the broker last, because the others still talk to it."""
        began = time.monotonic()
        self.log.bar("")
        self.log.line("slipway", "stopping")
        last = [process for process in self.processes if process.program.name == "valkey"]
        await asyncio.gather(*(process.end() for process in self.processes if process not in last))
        await asyncio.gather(*(process.end() for process in last))
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.records.end_leftovers()
        self.log.line("slipway", f"stopped after {duration(time.monotonic() - began)}")


def run(home: Home, options: Options) -> int:
    """Supervise `home` in the foreground; answers the exit code."""
    log = Log(home.logs / "slipway.log", sys.stdout)
    try:
        lock = home.lock()
    except AlreadyRunning:
        running = status.read_run(home)
        print(f"Slipway already runs from {_short(home.path)}: {running.get('url', '')} (make status, make stop)")
        return 1
    with lock:
        if left := Records(home.run).end_leftovers():
            log.line("slipway", f"ended what an earlier run left: {', '.join(left)}")
        if taken := port_taken(options.port):
            print(f"Port {options.port} is taken: {taken}. Choose another one: make run PORT={options.port + 1}")
            return 1
        own = Record(os.getpid(), started_at(os.getpid()))
        status.write_run(home, own, options.url)
        write_atomically(home.run / "supervisor.pid", f"{own.pid}\n")
        try:
            return asyncio.run(Supervisor(home, options, log).run())
        finally:
            status.forget_run(home)
            log.close()


def port_taken(port: int) -> str:
    """Why the port cannot be served, "" when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _short(path: Path) -> str:
    """The path as it is shortest to type from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def main(arguments: list[str] | None = None) -> int:
    """The command line; settings come from PORT, SLIPWAY_HOME, SLIPWAY_KUBECONFIG and SLIPWAY_SANDBOX."""
    parser = argparse.ArgumentParser(prog="python -m portal.supervisor", description=__doc__)
    parser.add_argument("command", choices=["run", "stop", "status"])
    is_wanted = os.environ.get("SLIPWAY_SANDBOX", "").lower() not in {"off", "0", "no"}
    parser.add_argument("--sandbox", action=argparse.BooleanOptionalAction, default=is_wanted, help="start a cluster")
    asked = parser.parse_args(arguments)
    os.umask(0o077)  # everything below the home is this user's alone
    home = Home.open(os.environ.get("SLIPWAY_HOME") or ".slipway")
    if asked.command == "stop":
        return status.stop(home)
    if asked.command == "status":
        return asyncio.run(status.show(home))
    kubeconfig = os.environ.get("SLIPWAY_KUBECONFIG", "")
    if kubeconfig and not Path(kubeconfig).expanduser().is_file():
        print(f"KUBECONFIG={kubeconfig} is no file. Give the path of a kubeconfig: make run KUBECONFIG=~/.kube/config")
        return 2
    options = Options(
        port=int(os.environ.get("PORT") or 8000),
        kubeconfig=str(Path(kubeconfig).expanduser().resolve()) if kubeconfig else "",
        with_sandbox=asked.sandbox and not kubeconfig,
    )
    return run(home, options)


if __name__ == "__main__":
    sys.exit(main())
