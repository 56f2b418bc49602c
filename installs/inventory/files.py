"""Which formats of inventories there are, and which one a text is in."""

from __future__ import annotations

from collections.abc import Sequence

from installs.inventory import kubespray, slipway
from installs.inventory.gathered import Inventory, InventoryRefused
from installs.shapes import Config, Host

_READERS = {"slipway": slipway.read, "kubespray": kubespray.read}
_WRITERS = {"slipway": slipway.write, "kubespray": kubespray.write}
FORMATS = tuple(_READERS)


def read(text: str, *, format: str = "") -> Inventory:
    """The inventory in the text; its format is found out where none is given. Raises InventoryRefused."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise InventoryRefused("There is nothing in it.")
    chosen = format or ("kubespray" if kubespray.looks_like(text) else "slipway")
    if chosen not in _READERS:
        raise InventoryRefused(f"There is no such format; there are {', '.join(FORMATS)}.")
    return _READERS[chosen](text)


def write(format: str, config: Config, hosts: Sequence[Host]) -> str:
    """The hosts as a file of the format, without any password or key. Raises InventoryRefused for no such format."""
    if format not in _WRITERS:
        raise InventoryRefused(f"There is no such format; there are {', '.join(FORMATS)}.")
    return _WRITERS[format](config, hosts)
