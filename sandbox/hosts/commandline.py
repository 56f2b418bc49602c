"""`python -m sandbox hosts VERB`."""

import argparse
import json
import signal
from typing import Any

from sandbox.hosts.bundle import build_bundle, offer
from sandbox.hosts.machines import Machines
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
    verbs.add_parser("bundle", help="build the offline bundle that they are installed from, once")
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


def _bundle(machines: Machines, parsed: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    terminal = Terminal()
    try:
        folder = build_bundle(terminal.show)
    finally:
        terminal.close()
    print(offer(folder) or folder)
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


VERBS = {"up": _up, "down": _down, "status": _status, "renew": _renew, "bundle": _bundle}
