"""`python -m sandbox hosts VERB`."""

import argparse
import json
import signal
from typing import Any

from sandbox.hosts.breaking import FAULTS
from sandbox.hosts.bundle import OLDER, SANDBOX, build_bundle, offer
from sandbox.hosts.keeper import wait_for_end_of
from sandbox.hosts.machines import Machines
from sandbox.processes import ProcessId
from sandbox.progress import Terminal


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Say what `hosts` understands."""
    verbs = parser.add_subparsers(dest="hosts_verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="make machines with an own init, network and sshd, and say how to log in")
    up.add_argument("--count", type=int, default=1, help="how many there shall be (1)")
    up.add_argument("--json", action="store_true", help="for programs")
    verbs.add_parser("down", help="end them and throw everything of them away")
    state = verbs.add_parser("status", help="tell how they are and how to log in")
    state.add_argument("--json", action="store_true", help="for programs")
    off = verbs.add_parser("off", help="cut a machine's power; `up` boots it again from its disk")
    off.add_argument("number", type=int, help="3 for machine-3")
    keep = verbs.add_parser("keep", help="end them when a process has ended")
    keep.add_argument("owner", type=_process, metavar="PID:STARTED")
    for verb, about in (("break", "give a machine a fault, to see what notices it"), ("mend", "take a fault away")):
        faulty = verbs.add_parser(verb, help=about)
        faulty.add_argument("number", type=int, help="3 for machine-3")
        faulty.add_argument("fault", help=", ".join(FAULTS))
    bundle = verbs.add_parser("bundle", help="build the offline bundle that they are installed from, once")
    bundle.add_argument(
        "--older",
        action="store_true",
        help=f"the same programs, which say that they are {OLDER.kubernetes}, as {OLDER.name}: to try an upgrade from",
    )
    renew = verbs.add_parser("renew", help="throw one machine's disk away and boot it anew")
    renew.add_argument("number", type=int, help="3 for machine-3")


def hosts(parsed: argparse.Namespace) -> int:
    """Run the verb."""
    return VERBS[parsed.hosts_verb](Machines(), parsed)


def _up(machines: Machines, parsed: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    terminal = Terminal()
    try:
        machines.up(parsed.count, report=terminal.show)
    finally:
        terminal.close()
    _show(machines.status(), as_json=parsed.json)
    return 0


def _down(machines: Machines, parsed: argparse.Namespace) -> int:
    machines.down()
    return 0


def _status(machines: Machines, parsed: argparse.Namespace) -> int:
    _show(machines.status(), as_json=parsed.json)
    return 0


def _renew(machines: Machines, parsed: argparse.Namespace) -> int:
    machines.renew(parsed.number)
    return 0


def _keep(machines: Machines, parsed: argparse.Namespace) -> int:
    wait_for_end_of(parsed.owner)
    machines.down()
    return 0


def _process(text: str) -> ProcessId:
    pid, _, started = text.partition(":")
    return ProcessId(int(pid), started)


def _off(machines: Machines, parsed: argparse.Namespace) -> int:
    machines.power_off(parsed.number)
    return 0


def _break(machines: Machines, parsed: argparse.Namespace) -> int:
    print(f"machine-{parsed.number}: {machines.spoil(parsed.number, parsed.fault)}")
    return 0


def _mend(machines: Machines, parsed: argparse.Namespace) -> int:
    machines.mend(parsed.number, parsed.fault)
    return 0


def _bundle(machines: Machines, parsed: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    recipe = OLDER if parsed.older else SANDBOX
    terminal = Terminal()
    try:
        folder = build_bundle(terminal.show, recipe)
    finally:
        terminal.close()
    print(offer(folder, recipe) or folder)
    return 0


def _show(status: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(status))
        return
    print(f"machines: {status['state']}")
    for machine in status["machines"]:
        state = "runs" if machine["running"] else "is off"
        login = f"ssh -i {machine['key_file']} {machine['user']}@{machine['address']}"
        print(f"  {machine['name']:<12} {machine['address']:<15} {state:<7} {login}")


VERBS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "renew": _renew,
    "keep": _keep,
    "off": _off,
    "break": _break,
    "mend": _mend,
    "bundle": _bundle,
}
