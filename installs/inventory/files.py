"""Which formats of inventories there are, and which one a text is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from installs.inventory import kubekey, kubespray, sealos, slipway
from installs.inventory.gathered import MOST_BYTES, Inventory, InventoryRefused
from installs.inventory.yaml_text import read_document
from installs.shapes import Config, Host

_WRITERS = {"slipway": slipway.write, "kubespray": kubespray.write, "kubekey": kubekey.write, "sealos": sealos.write}
_DOCUMENTS = {"slipway": slipway.read, "kubekey": kubekey.read, "sealos": sealos.read}
FORMATS = tuple(_WRITERS)


def read(text: str, *, format: str = "") -> Inventory:
    """The inventory in the text; its format is found out where none is given. Raises InventoryRefused."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise InventoryRefused("There is nothing in it.")
    if format and format not in FORMATS:
        raise InventoryRefused(f"There is no such format; there are {', '.join(FORMATS)}.")
    if format == "kubespray" or (not format and kubespray.looks_like(text)):
        return kubespray.read(text)
    document = read_document(text, MOST_BYTES)
    return _DOCUMENTS[format or _format_of(document)](document)


def _format_of(document: dict[str, Any]) -> str:
    version = str(document.get("apiVersion", ""))
    prefixes = {"kubekey": kubekey.PREFIX, "sealos": sealos.PREFIX}
    return next((name for name, prefix in prefixes.items() if version.startswith(prefix)), "slipway")


def write(format: str, config: Config, hosts: Sequence[Host]) -> str:
    """The hosts as a file of the format, without any password or key. Raises InventoryRefused for no such format."""
    if format not in _WRITERS:
        raise InventoryRefused(f"There is no such format; there are {', '.join(FORMATS)}.")
    return _WRITERS[format](config, hosts)
