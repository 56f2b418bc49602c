"""Which formats there are, and which one a text is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from installs.shapes import Config, Host

FORMATS = ("slipway", "kubespray")


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


def read(text: str, *, format: str = "") -> Inventory:
    """The inventory in the text; its format is found out where none is given. Raises InventoryRefused."""
    raise InventoryRefused("not written yet")


def write(format: str, config: Config, hosts: tuple[Host, ...] | list[Host]) -> str:
    """The hosts as a file of the format, without any password or key."""
    return ""
