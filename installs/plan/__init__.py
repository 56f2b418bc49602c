"""What is done on which host in which order: facts and config in, steps out. Nothing here speaks to a host."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from installs import grammar
from installs.bundle import Bundle, open_bundle
from installs.plan import certificates, checking, leaving, preparing, providing, starting, upgrading
from installs.plan.site import PlanRefused, Site, site
from installs.shapes import Acknowledged, Config, Facts, Host, Step

__all__ = ["PlanRefused", "plan"]


def plan(
    kind: str,
    config: Config,
    hosts: Sequence[Host],
    facts: Mapping[str, Facts],
    acknowledged: Sequence[Acknowledged],
    asked: Mapping[str, Any],
    bundle: Bundle | None = None,
) -> list[Step]:
    """The steps of a run of a kind, numbered by stages.

    `asked` names what the run is about: `{"hosts": [names]}` for add_nodes, `{"host": name, "drain_seconds"?, "gone"?}`
    for remove_node (gone: the machine does not come back), `{"version": "v1.38.0", "bundle"?, "drain_seconds"?}` for
    upgrade; nothing for install, reset and certificates.
    `bundle` is opened by its name where it is not given. Raises PlanRefused, BundleRefused, grammar.Malformed.
    """
    name = str(asked.get("bundle") or config.bundle)
    if bundle is None and name and kind in _BRINGS_FILES:
        bundle = open_bundle(name)
    place = site(config, hosts, facts, acknowledged, bundle)
    try:
        make = _KINDS[kind]
    except KeyError:
        raise PlanRefused(_("There is no plan for %(kind)s.") % {"kind": kind}) from None
    # Transfers and kubeadm's own phases cost minutes: each script sees by itself what an attempt before it left.
    return [dataclasses.replace(step, is_repeatable=True) for step in make(place, asked, itertools.count(1))]


def _install(place: Site, asked: Mapping[str, Any], stages: Iterator[int]) -> list[Step]:
    first, *others = [*place.control_planes, *place.workers]
    return [
        *_made_ready(place, place.hosts, stages),
        starting.init(place, next(stages)),
        *starting.network(place, next(stages)),
        *starting.joins(place, [host for host in others if host != first], stages, members=1),
        *checking.healthy(place, next(stages)),
        *checking.register(place, (next(stages), next(stages))),
    ]


def _add_nodes(place: Site, asked: Mapping[str, Any], stages: Iterator[int]) -> list[Step]:
    wanted = [place.host(grammar.name(name)) for name in asked.get("hosts") or ()]
    if not wanted or place.first in wanted:
        raise PlanRefused(_("Name the hosts to add; the first control plane is what they join."))
    staying = [host for host in place.hosts if host not in wanted]
    known = next(stages)
    members = len([host for host in staying if host.role == "control_plane"])
    return [
        *(preparing.names(place, host, known) for host in staying),
        *_made_ready(place, wanted, stages),
        *starting.joins(place, wanted, stages, members=members),
        *checking.healthy(place, next(stages)),
    ]


def _remove_node(place: Site, asked: Mapping[str, Any], stages: Iterator[int]) -> list[Step]:
    gone = bool(asked.get("gone"))
    return leaving.remove_node(place, grammar.name(asked.get("host")), _drain_seconds(asked), gone, stages)


def _reset(place: Site, asked: Mapping[str, Any], stages: Iterator[int]) -> list[Step]:
    return leaving.reset(place, stages)


def _upgrade(place: Site, asked: Mapping[str, Any], stages: Iterator[int]) -> list[Step]:
    return upgrading.upgrade(place, grammar.version(asked.get("version")), _drain_seconds(asked), stages)


def _drain_seconds(asked: Mapping[str, Any]) -> int:
    return int(asked.get("drain_seconds") or leaving.DRAIN_SECONDS)


def _certificates(place: Site, asked: Mapping[str, Any], stages: Iterator[int]) -> list[Step]:
    return certificates.renew(place, stages)


def _made_ready(place: Site, hosts: Sequence[Host], stages: Iterator[int]) -> list[Step]:
    """The steps from bare machines to ones that kubeadm may start on. Hosts side by side."""
    prepared, provided, configured = next(stages), next(stages), next(stages)
    return [
        *(step for host in hosts for step in preparing.prepare(place, host, prepared)),
        *(step for host in hosts for step in providing.provide(place, host, provided)),
        *(starting.configure(place, host, configured) for host in hosts),
    ]


_KINDS: dict[str, Callable[[Site, Mapping[str, Any], Iterator[int]], list[Step]]] = {
    "install": _install,
    "add_nodes": _add_nodes,
    "remove_node": _remove_node,
    "reset": _reset,
    "upgrade": _upgrade,
    "certificates": _certificates,
}
_BRINGS_FILES = frozenset({"install", "add_nodes", "upgrade"})
