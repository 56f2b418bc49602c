"""The network of one set of machines: a namespace with a bridge in it, and a cable from there to this computer.

Machines reach each other and this computer, and nothing beyond. Removing the namespace removes all that is in it.
"""

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import StartFailed
from sandbox.files import locked
from sandbox.hosts.commands import attempt, run

RANGE = ipaddress.IPv4Network("10.213.0.0/16")
"""Apart from the defaults of kubeadm, of the usual CNIs and of Docker. Every set has a /24 of it."""
BRIDGE = "machines"
CHOOSING = Path("/run/slipway-hosts.lock")
"""Held while an address range is chosen: sets of all users and homes share this computer's routes."""


@dataclass(frozen=True)
class Network:
    """The network of the set `name` (11 characters at most: the kernel allows an interface 15).

    `about` is what `ip link` shows beside the name, so that a person finds out whose it is.
    """

    name: str
    about: str = ""

    @property
    def namespace(self) -> Path:
        return Path("/run/netns") / self.name

    @property
    def is_up(self) -> bool:
        return self.namespace.exists() and self.range() is not None

    def range(self) -> ipaddress.IPv4Network | None:
        """The addresses of a network that is up; its first is this computer's."""
        for address in _addresses():
            if address["ifname"] == self.name:
                for entry in address["addr_info"]:
                    if entry["family"] == "inet":
                        return ipaddress.IPv4Interface(f"{entry['local']}/{entry['prefixlen']}").network
        return None

    def up(self, wanted: str = "") -> ipaddress.IPv4Network:
        """Have the network, with the range `wanted` if that is free, and return its range. Raises StartFailed."""
        if self.is_up:
            found = self.range()
            assert found is not None  # noqa: S101 - that is what up means
            return found
        self.down()
        doing = "Making the machines' network"
        with locked(CHOOSING):
            chosen = _choose(wanted)
            inside = ("ip", "-n", self.name)
            run("ip", "netns", "add", self.name, doing=doing)
            run(*inside, "link", "add", BRIDGE, "type", "bridge", doing=doing)
            run(*inside, "link", "set", "lo", "up", doing=doing)
            run(*inside, "link", "set", BRIDGE, "up", doing=doing)
            cable = ("ip", "link", "add", self.name, "type", "veth", "peer", "name", "out", "netns", self.name)
            run(*cable, doing=doing)
            run(*inside, "link", "set", "out", "master", BRIDGE, "up", doing=doing)
            run("ip", "address", "add", f"{chosen[1]}/{chosen.prefixlen}", "dev", self.name, doing=doing)
            run("ip", "link", "set", self.name, "alias", self.about[-255:], "up", doing=doing)
        return chosen

    def down(self) -> bool:
        """Remove the network. Returns whether nothing is left of it. Idempotent."""
        attempt("ip", "link", "delete", self.name)
        attempt("ip", "netns", "delete", self.name)
        return not self.namespace.exists() and self.range() is None


def _choose(wanted: str) -> ipaddress.IPv4Network:
    taken = [ipaddress.IPv4Network(route["dst"]) for route in _routes() if route["dst"] != "default"]
    candidates = [*([ipaddress.IPv4Network(wanted)] if wanted else []), *RANGE.subnets(new_prefix=24)]
    for candidate in candidates:
        if not any(candidate.overlaps(network) for network in taken):
            return candidate
    raise StartFailed(
        f"No addresses are left in {RANGE}", next="End sets of machines with `python -m sandbox hosts down`"
    )


def _routes() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run("ip", "-j", "-4", "route", doing="Reading the routes") or "[]")
    return found


def _addresses() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("ip", "-j", "-4", "address", doing="Reading the addresses") or "[]")
    return found
