"""What is in the way of the networks that somebody types, said at the field that has to change. Plain arithmetic."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from installs import networks
from installs.shapes import Config, Facts

FIELDS = {"pod_cidr": "Pods ", "service_cidr": "Services "}
# Interfaces that an earlier cluster left: what is on them goes with it.
_LEFT_BEHIND = ("cni", "flannel", "kube-", "tunl", "cali", "cilium", "vxlan.calico")


def conflicts(config: Config, facts: Mapping[str, Facts | None], node_count: int) -> list[tuple[str, str]]:
    """(field, sentence) for all that is wrong with the networks by themselves and against what the hosts have."""
    found = []
    for sentence in networks.problems(config, node_count):
        is_of_pods = sentence.startswith(FIELDS["pod_cidr"]) or "for pods" in sentence
        # Of two that overlap the services are moved more easily.
        is_of_both = networks.overlaps(config.pod_cidr, config.service_cidr.split(",")) and " and " in sentence
        found.append(("pod_cidr" if is_of_pods and not is_of_both else "service_cidr", sentence))
    taken = dict(_taken(facts))
    for field in FIELDS:
        for ours, other in networks.overlaps(getattr(config, field), taken):
            words = {"ours": ours, "other": other, "whose": taken.get(other, "")}
            found.append((field, _("%(ours)s overlaps %(other)s: %(whose)s.") % words))
    return found


def _taken(facts: Mapping[str, Facts | None]) -> Iterator[tuple[str, str]]:
    """Networks that hosts are on or have a route to, and in words whose they are."""
    for host, seen in facts.items():
        for route in _rows(seen, "routes"):
            if not str(route.get("interface", "")).startswith(_LEFT_BEHIND):
                words = {"host": host, "interface": route.get("interface", "")}
                yield _spelled(route.get("network")), _("a route of %(host)s over %(interface)s") % words
        for one in _rows(seen, "addresses"):
            if one.get("scope", "global") == "global" and not str(one.get("interface", "")).startswith(_LEFT_BEHIND):
                words = {"host": host, "address": one.get("address", "")}
                yield _spelled(f"{one.get('address')}/{one.get('prefix')}"), _("%(host)s is %(address)s") % words


def _rows(seen: Facts | None, name: str) -> list[dict[str, Any]]:
    rows = (seen or {}).get(name) or []
    return [row for row in rows if isinstance(row, dict)]


def _spelled(text: Any) -> str:
    """As `networks.overlaps` spells it, so that what it answers is found again."""
    try:
        return str(ipaddress.ip_network(str(text), strict=False))
    except ValueError:
        return str(text)
