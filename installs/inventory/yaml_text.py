"""The one door to YAML of an inventory: the house's strict reader, with its refusals in words of inventories."""

from __future__ import annotations

from typing import Any

from clusters.connection.strict_yaml import UnsafeYaml, read_yaml
from installs.inventory.gathered import InventoryRefused


def read_document(text: str, max_bytes: int) -> dict[str, Any]:
    """The mapping in the text, its scalars as text. Raises InventoryRefused."""
    try:
        return read_yaml(text, max_bytes=max_bytes)
    except UnsafeYaml as unsafe:
        raise InventoryRefused(f"The YAML cannot be read: {unsafe.detail}.") from None
    except RecursionError:
        raise InventoryRefused("The YAML cannot be read: it is nested too deeply.") from None
