"""Everything a start needs on disk: certificates, ports, kubeconfigs and the programs' configuration files."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.certificates import CLIENTS, Pki, ensure_pki
from sandbox.components import Component, api_url, component_kubeconfig, components
from sandbox.files import write_atomically
from sandbox.kubeconfig import write_kubeconfig
from sandbox.lane.components import POD_PORT, lane_components, write_router_configuration
from sandbox.metrics import metric, prometheus_config
from sandbox.paths import StateFolder
from sandbox.ports import Ports, keep_or_choose
from sandbox.stages import stages

METRICS = "SLIPWAY_SANDBOX_METRICS"
"""Set to "off", Pods show no numbers: for benchmarks with more Pods than KWOK can work them out for."""


@dataclass(frozen=True)
class Configuration:
    """One sandbox as it is about to run."""

    ports: Ports
    pki: Pki
    components: tuple[Component, ...]
    is_lane: bool


def prepare(state: StateFolder, programs: Path, *, lane: bool = False) -> Configuration:
    """Write the files and choose the ports, keeping both from the last start where possible."""
    pki = ensure_pki(state.pki)
    for folder in (state.data("etcd"), state.data("prometheus"), state.audit_log.parent, state.logs, state.config):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ports = keep_or_choose(state.ports)
    write_kubeconfig(state.kubeconfig, api_url=api_url(ports), pki=pki, user="admin")
    for name in CLIENTS.keys() - {"admin"}:
        write_kubeconfig(component_kubeconfig(state, name), api_url=api_url(ports), pki=pki, user=name)
    # KWOK works the numbers of every Pod out anew at each scrape, and moves no Pod meanwhile: a thousand are too many.
    measured = os.environ.get(METRICS) != "off"
    documents = [*stages(), *([metric(requests=not lane)] if measured else [])]
    write_atomically(state.config / "kwok.yaml", yaml.safe_dump_all(documents, sort_keys=False))
    scraped = prometheus_config(ports.kwok if measured else None, also={"lane-pods": POD_PORT} if lane else {})
    write_atomically(state.config / "prometheus.yaml", yaml.safe_dump(scraped, sort_keys=False))
    started = components(state, ports, programs, pki)
    if lane:
        state.lane.touch()
        write_router_configuration(state)
        started += lane_components(state)
    else:
        state.lane.unlink(missing_ok=True)
    return Configuration(ports, pki, started, is_lane=lane)
