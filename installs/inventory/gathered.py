"""What an inventory is made of, and the gathering of it: every value is held to the grammar before it is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from installs import grammar
from installs.grammar import Malformed
from installs.shapes import Host, Role

MOST_HOSTS = 200
MOST_BYTES = 1024 * 1024
_MOST_NOTES = 20


class InventoryRefused(ValueError):
    """The text is no inventory, or holds what no host may be called. `detail` is a sentence for the person."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a file said: hosts in its order, and those fields of Config that it names. Passwords in it were left out."""

    hosts: tuple[Host, ...]
    config: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass
class Gathered:
    """The hosts, fields and notes that a reader has found so far."""

    hosts: dict[str, Host] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def host(self, name: str, address: str, role: str, port: object = 22, user: str = "root") -> None:
        """Add a host. Raises InventoryRefused where a value is not in the grammar or the name was there."""
        called = shown(name)
        if len(self.hosts) >= MOST_HOSTS:
            raise InventoryRefused(f"There are more than {MOST_HOSTS} hosts.")
        if name in self.hosts:
            raise InventoryRefused(f"The host “{called}” is there twice.")
        accepted = self._held(
            grammar.HOST, {"name": name, "address": address, "role": role, "port": port, "user": user}, called
        )
        self.hosts[name] = Host(
            name=accepted["name"],
            address=accepted["address"],
            role=cast(Role, accepted["role"]),
            port=accepted["port"],
            user=accepted["user"],
        )

    def fields(self, given: Mapping[str, Any]) -> None:
        """Take over fields of Config. Raises InventoryRefused where one is not in the grammar."""
        self.config |= self._held(grammar.CONFIG, given, "the cluster")

    def note(self, text: str) -> None:
        """Something that the person should know: what was left out, and what to do instead."""
        if text not in self.notes and len(self.notes) < _MOST_NOTES:
            self.notes.append(text)

    def done(self) -> Inventory:
        """The inventory. Raises InventoryRefused where there is no host or two have one address."""
        if not self.hosts:
            raise InventoryRefused("There is no host in it.")
        seen: dict[tuple[str, int], str] = {}
        for host in self.hosts.values():
            other = seen.setdefault((host.address, host.port), host.name)
            if other != host.name:
                raise InventoryRefused(f"The hosts “{other}” and “{host.name}” have the same address {host.address}.")
        return Inventory(tuple(self.hosts.values()), self.config, tuple(self.notes))

    @staticmethod
    def _held(rules: Mapping[str, Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
        accepted: dict[str, Any] = {}
        for name, value in given.items():
            try:
                accepted[name] = rules[name](value)
            except Malformed as wrong:
                raise InventoryRefused(f"{name} of {where} is “{shown(value)}”. {wrong.detail}") from None
        return accepted


def shown(value: object) -> str:
    """A value of a stranger's file as it may be quoted in a sentence."""
    text = str(value)[:60]
    return "".join(sign if sign.isprintable() else "·" for sign in text)
