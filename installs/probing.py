"""What hosts show each other: ports that really answer, and how far clocks are apart. Scripts and reading, no network.

In this order: `listening_script` on every host (it returns at once, its listeners go away by themselves), then
`reaching_script` on every host, then `read` with both outputs. `CLOCK_SCRIPT` is run alone, a few times, between two
readings of the portal's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from installs.shapes import Config, Host

CLOCK_SCRIPT = "date +%s.%N\n"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a host, as `tcp/6443`."""

    protocol: str
    number: int

    def __str__(self) -> str:
        return f"{self.protocol}/{self.number}"


@dataclass(frozen=True, slots=True)
class Target:
    """A port that a host must reach on another: `name` and `address` are that host's."""

    name: str
    address: str
    port: Port


def ports_of(config: Config, host: Host) -> list[Port]:
    """The ports of the host that others must reach."""
    return []


def targets_of(config: Config, host: Host, hosts: Sequence[Host]) -> list[Target]:
    """What the host must reach on the others."""
    return []


def listening_script(ports: Sequence[Port]) -> str:
    """Shell that listens on the ports for half a minute, in the background, where nothing listens yet."""
    return "true\n"


def reaching_script(targets: Sequence[Target]) -> str:
    """Shell that tries each target once, side by side, for at most three seconds each."""
    return "true\n"


def read(listening: Mapping[str, str], reaching: Mapping[str, str]) -> dict[str, Any]:
    """The `ports` of probes out of the outputs by host: {from: {to: {"tcp/6443": reached|refused|silent|untried}}}."""
    return {}


def clock(samples: Sequence[tuple[float, str, float]]) -> dict[str, float] | None:
    """How far the host is ahead of the portal: {offset, uncertainty} in seconds.

    A sample is (portal's time before, what CLOCK_SCRIPT printed, portal's time after); the fastest one is taken.
    None where no sample can be read.
    """
    return None
