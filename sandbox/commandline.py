"""`python -m sandbox VERB`: what each verb prints and returns."""

import argparse
import json
import logging
import signal
import sys

import yaml

from sandbox.build import build, build_programs
from sandbox.cluster import Sandbox
from sandbox.errors import SandboxError
from sandbox.helm import HELM
from sandbox.hosts.commandline import add_verbs, hosts
from sandbox.istiod import VALIDATION
from sandbox.lane.components import TRAEFIK
from sandbox.paths import StateFolder
from sandbox.processes import ProcessId
from sandbox.progress import Terminal
from sandbox.shop import shop
from sandbox.supervisor import Supervisor

DESCRIPTION = """A real Kubernetes control plane on this machine: etcd, API server, controller manager, scheduler, KWOK
and Prometheus, with a demo shop. Its state is in $SLIPWAY_HOME/sandbox (default .slipway/sandbox)."""


def main(arguments: list[str] | None = None) -> int:
    """Run a verb. Returns 0, or 1 when it failed. `status` has not failed when it finds the sandbox down."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(VERBS[parsed.verb](parsed))
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=DESCRIPTION)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    make = verbs.add_parser("build", help="build the programs into the user's cache, once")
    make.add_argument("--lane", action="store_true", help="the traffic lane's router and Istio's validation as well")
    make.add_argument("--helm", action="store_true", help="Helm, and nothing else")
    verbs.add_parser("up", help="start it in the background, wait until it is ready, print its kubeconfig")
    run = verbs.add_parser("run", help="run it in the foreground until Ctrl-C or SIGTERM")
    run.add_argument("--unless-running", action="store_true", help="end at once if the sandbox already runs")
    run.add_argument("--owner", type=_process, metavar="PID:STARTED", help=argparse.SUPPRESS)
    run.add_argument("--lane", action="store_true", help="with a router and Pods that answer, in a network of its own")
    verbs.add_parser("down", help="end it, keeping its data")
    state = verbs.add_parser("status", help="tell how it is")
    state.add_argument("--json", action="store_true", help="for programs")
    add_verbs(verbs.add_parser("hosts", help="machines to install a cluster on (Linux, root)"))
    verbs.add_parser("shop", help="print the demo shop as YAML")
    return parser


def _process(text: str) -> ProcessId:
    pid, _, started = text.partition(":")
    return ProcessId(int(pid), started)


def _build(parsed: argparse.Namespace) -> int:
    # Ended by a signal, the build takes its compilers with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    terminal = Terminal()
    try:
        folder = build_programs(HELM, terminal.show) if parsed.helm else build(terminal.show)
        if parsed.lane:
            build_programs(TRAEFIK, terminal.show)
            build_programs(VALIDATION, terminal.show)
    finally:
        terminal.close()
    print(folder)
    return 0


def _up(parsed: argparse.Namespace) -> int:
    sandbox, terminal = Sandbox(), Terminal()
    try:
        sandbox.ensure_up(report=terminal.show)
    finally:
        terminal.close()
    print(sandbox.kubeconfig)
    return 0


def _run(parsed: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    terminal = Terminal()
    try:
        supervisor = Supervisor(StateFolder.of(), terminal.show, owner=parsed.owner, lane=parsed.lane)
        supervisor.run(takes_over=not parsed.unless_running)
    finally:
        terminal.close()
    return 0


def _down(parsed: argparse.Namespace) -> int:
    Sandbox().down()
    return 0


def _status(parsed: argparse.Namespace) -> int:
    answer = Sandbox().status()
    if parsed.json:
        print(json.dumps(answer))
    else:
        print(f"sandbox: {answer['state']}")
        for component in answer["components"]:
            health = "healthy" if component["healthy"] else "not healthy"
            print(f"  {component['name']:<24} pid {component['pid'] or '-':<8} {health}")
        if answer["state"] in ("ready", "degraded"):
            print(f"  export KUBECONFIG={answer['kubeconfig']}")
    return 0


def _shop(parsed: argparse.Namespace) -> int:
    print(yaml.safe_dump_all(shop(), sort_keys=False), end="")
    return 0


VERBS = {"build": _build, "up": _up, "run": _run, "down": _down, "status": _status, "hosts": hosts, "shop": _shop}
