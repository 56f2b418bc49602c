"""What a plan is made for: the config, its hosts and what is known of them, looked at from the steps' side."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from installs import grammar, kubeadm_config
from installs.bundle import Bundle
from installs.shapes import Acknowledged, Config, Facts, Host
from web.errors import Conflict


class PlanRefused(Conflict):
    """What was asked cannot be done with these hosts, or would end the cluster."""

    code = "plan_refused"


@dataclass(frozen=True)
class Site:
    """Config, hosts without jump hosts, and facts by host. Its values have passed the grammar."""

    config: Config
    hosts: tuple[Host, ...]
    facts: Mapping[str, Facts]
    acknowledged: tuple[Acknowledged, ...]
    bundle: Bundle | None

    @property
    def control_planes(self) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.role == "control_plane")

    @property
    def workers(self) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.role == "worker")

    @property
    def first(self) -> Host:
        """The control plane that inits, and from which the cluster is spoken to."""
        return self.control_planes[0]

    def host(self, name: str) -> Host:
        """The host of a name. Raises PlanRefused."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise PlanRefused(_("No host of this install is called %(name)s.") % {"name": name})

    def facts_of(self, host: Host) -> Facts:
        """What is known of a host; nothing where it was never read."""
        return self.facts.get(host.name) or {}

    def address_of(self, host: Host) -> str:
        """The address that a host's node shows."""
        return kubeadm_config.node_address(host, self.facts_of(host))

    def has_address(self, host: Host) -> bool:
        """Whether that is an IP address: a host that was never read may be known by its DNS name alone."""
        try:
            return bool(grammar.ip(self.address_of(host)))
        except grammar.Malformed:
            return False

    def kubeadm_yaml(self, host: Host) -> str:
        """The host's configuration for kubeadm."""
        return kubeadm_config.render(
            self.config, host, self.facts_of(host), self.hosts, self.acknowledged, map(self.facts_of, self.hosts)
        )

    def kubelet_patch(self, host: Host) -> str:
        """What the host's kubelet needs beside the shared configuration."""
        return kubeadm_config.render_kubelet_patch(self.config, host, self.facts_of(host), self.acknowledged)

    def takes_on(self, check: str, host: Host) -> bool:
        """Whether somebody took a check on for the host."""
        return kubeadm_config.is_acknowledged(check, host.name, self.acknowledged)


def site(
    config: Config,
    hosts: Sequence[Host],
    facts: Mapping[str, Facts],
    acknowledged: Iterable[Acknowledged],
    bundle: Bundle | None,
) -> Site:
    """The site of a plan: every value read by the grammar again, since scripts are made of them.

    Raises grammar.Malformed, PlanRefused.
    """
    values = {field: rule(getattr(config, field)) for field, rule in grammar.CONFIG.items()}
    nodes = tuple(
        Host(**{field: rule(getattr(host, field)) for field, rule in grammar.HOST.items()})
        for host in hosts
        if host.role != "jump"
    )
    clean = Config(**values)
    if not any(host.role == "control_plane" for host in nodes):
        raise PlanRefused(_("A cluster needs a control plane: give one host that role."))
    if len({host.name for host in nodes}) != len(nodes):
        raise PlanRefused(_("Two hosts have the same name."))
    first = kubeadm_config.first_control_plane(nodes)
    settled = dataclasses.replace(
        clean, control_plane_endpoint=kubeadm_config.endpoint(clean, first, facts.get(first.name) or {})
    )
    return Site(settled, nodes, facts, tuple(acknowledged), bundle)
