"""All checks of all hosts. Never stops at the first that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from installs.shapes import CheckResult, Config, Facts, Host, Surroundings


def judge(
    config: Config,
    hosts: Sequence[Host],
    facts: Mapping[str, Facts | None],
    probes: Mapping[str, Any],
    surroundings: Surroundings,
) -> list[CheckResult]:
    """The result of every check on every host, then those of the install as a whole (host "").

    `probes` holds what was tried from outside or between hosts, each part optional:
    `unreachable` {host: reason}, `host_keys` {host: problem}, `privileges` {host: problem},
    `ports` and `clocks` as installs.probing.read and installs.probing.clock answer them,
    `names` {host: {name: resolved}}, `images` {host: problem or ""} and `bundle` (a problem, "" for a bundle that was verified).
    """
    return []
