"""The one door to YAML of inventories: the house's strict reader, its refusals in words of inventories, and writing."""

from __future__ import annotations

from typing import Any

import yaml

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


def mapping_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The mapping of that name, empty where there is none. Raises InventoryRefused where it is something else."""
    found = document.get(name) or {}
    if not isinstance(found, dict):
        raise InventoryRefused(f"{name} is no mapping.")
    return found


def list_of(document: dict[str, Any], name: str) -> list[Any]:
    """The list of that name, empty where there is none. Raises InventoryRefused where it is something else."""
    found = document.get(name) or []
    if not isinstance(found, list):
        raise InventoryRefused(f"{name} is no list.")
    return found


def as_yaml(document: dict[str, Any]) -> str:
    """The document as text in its own order; several lines stand as a block."""
    return yaml.dump(document, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=100)


class _Blocks(yaml.SafeDumper):
    """Several lines stand as a block, so that a manifest can be read."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Blocks.add_representer(str, _text)
