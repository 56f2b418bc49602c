"""Hosts of an install as files that people have already: in and out, without passwords and keys."""

from installs.inventory.files import FORMATS, read, write
from installs.inventory.gathered import Inventory, InventoryRefused

__all__ = ["FORMATS", "Inventory", "InventoryRefused", "read", "write"]
