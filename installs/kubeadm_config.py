"""The configuration that kubeadm reads, per host: v1beta4 from Kubernetes 1.31 on, v1beta3 before."""

from __future__ import annotations

from collections.abc import Sequence

from installs.shapes import Acknowledged, Config, Facts, Host


def render(
    config: Config,
    host: Host,
    facts: Facts,
    hosts: Sequence[Host],
    acknowledged: Sequence[Acknowledged] = (),
) -> str:
    """The YAML documents for one host: to init on the first control plane, to join on every other."""
    raise NotImplementedError
