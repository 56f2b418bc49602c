"""Slipway's own inventory: the fields of an install and its hosts as one YAML document, without any secret.

apiVersion: slipway.dev/v1
kind: Inventory
cluster:
  kubernetes_version: v1.37.2
hosts:
- name: cp-1
  address: 10.0.0.1
  role: control_plane
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from installs import grammar
from installs.inventory.gathered import Gathered, Inventory, InventoryRefused, shown
from installs.inventory.yaml_text import as_yaml, list_of, mapping_of
from installs.shapes import Config, Host

API_VERSION = "slipway.dev/v1"
_SECRETS = ("password", "private_key", "passphrase", "sudo_password", "credential")
_HOST_DEFAULTS = {"port": "22", "user": "root"}


def read(document: dict[str, Any]) -> Inventory:
    """The inventory in the document. Raises InventoryRefused."""
    if document.get("apiVersion") != API_VERSION or document.get("kind") != "Inventory":
        raise InventoryRefused(
            f"It is no inventory that Slipway knows: apiVersion {API_VERSION} and kind Inventory are expected."
        )
    _only(document, {"apiVersion", "kind", "cluster", "hosts"}, "the inventory")
    gathered = Gathered()
    cluster = mapping_of(document, "cluster")
    _only(cluster, set(grammar.CONFIG), "cluster")
    gathered.fields(cluster)
    for number, host in enumerate(list_of(document, "hosts"), start=1):
        if not isinstance(host, dict):
            raise InventoryRefused(f"Host {number} is no mapping.")
        _only(host, {*grammar.HOST, *_SECRETS}, f"host {number}")
        for name in _SECRETS:
            if host.get(name):
                gathered.note(f"{name} of {shown(host.get('name', number))} was left out: type it into the form.")
        fields = {name: host.get(name, _HOST_DEFAULTS.get(name, "")) for name in grammar.HOST}
        gathered.host(**fields)
    return gathered.done()


def write(config: Config, hosts: Sequence[Host]) -> str:
    """The same as text. Fields that have nothing are left out."""
    fields = asdict(config) | {"cert_sans": list(config.cert_sans)}
    document = {
        "apiVersion": API_VERSION,
        "kind": "Inventory",
        "cluster": {name: value for name, value in fields.items() if value not in ("", [], None)},
        "hosts": [
            {"name": one.name, "address": one.address, "port": one.port, "user": one.user, "role": one.role}
            for one in hosts
        ],
    }
    return as_yaml(document)


def _only(mapping: Mapping[str, Any], known: set[str], where: str) -> None:
    strange = sorted(set(mapping) - known)
    if strange:
        raise InventoryRefused(f"There is no field “{shown(strange[0])}” in {where}.")
