"""What is done on which host in which order: facts and config in, steps out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from installs.bundle import Bundle
from installs.shapes import Acknowledged, Config, Facts, Host, Step


def plan(
    kind: str,
    config: Config,
    hosts: Sequence[Host],
    facts: Mapping[str, Facts],
    acknowledged: Sequence[Acknowledged],
    asked: Mapping[str, Any],
    bundle: Bundle | None = None,
) -> list[Step]:
    """The steps of a run of a kind.

    `asked` names what the run is about: `{"hosts": [names]}` for add_nodes, `{"host": name}` for remove_node,
    `{"version": "v1.38.0"}` for upgrade; nothing for install, reset and certificates.
    """
    raise NotImplementedError
