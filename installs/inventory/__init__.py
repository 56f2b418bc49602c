"""Hosts of an install as files that people have already: in and out, without passwords and keys."""

from installs.inventory.files import FORMATS, Inventory, InventoryRefused, read, write

__all__ = ["FORMATS", "Inventory", "InventoryRefused", "read", "write"]
