"""sealos' Clusterfile: addresses with roles, one way to log in, and the images that a cluster is made of.

    apiVersion: apps.sealos.io/v1beta1
    kind: Cluster
    spec:
      hosts:
      - ips: ["192.168.0.2:22"]
        roles: [master, amd64]
      ssh: {user: root, port: 22}
      image: ["labring/kubernetes:v1.37.2"]

Hosts have no names there: they are called control-plane-1, worker-1 and so on. A jump host has no place in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from installs.inventory.gathered import Gathered, Inventory, InventoryRefused
from installs.inventory.yaml_text import as_yaml, list_of, mapping_of
from installs.shapes import Config, Host

PREFIX = "apps.sealos.io/"
_AT = re.compile(r"\[?([^\[\]\s]{1,253}?)\]?(?::(\d{1,5}))?")
_IMAGE = re.compile(r"\S{0,200}/kubernetes:(v\d{1,4}\.\d{1,4}\.\d{1,4}(?:-(?:alpha|beta|rc)\.\d{1,3})?)\S{0,60}")


def read(document: dict[str, Any]) -> Inventory:
    """The inventory in the document. Raises InventoryRefused."""
    spec = mapping_of(document, "spec")
    login = mapping_of(spec, "ssh")
    gathered = Gathered()
    counts: Counter[str] = Counter()
    for group in list_of(spec, "hosts"):
        if not isinstance(group, dict):
            raise InventoryRefused("An entry of hosts is no mapping.")
        own = {**login, **mapping_of(group, "ssh")}
        if any(own.get(name) for name in ("passwd", "pk", "pkData", "pkPasswd", "pkName")):
            gathered.note("The password or key of ssh was left out: give it in the form.")
        role = "control_plane" if "master" in list_of(group, "roles") else "worker"
        for at in list_of(group, "ips"):
            counts[role] += 1
            address, port = _place(str(at))
            name = f"{role.replace('_', '-')}-{counts[role]}"
            gathered.host(name, address, role, port or own.get("port") or "22", own.get("user") or "root")
    versions = [found[1] for image in list_of(spec, "image") if (found := _IMAGE.fullmatch(str(image)))]
    if versions:
        gathered.fields({"kubernetes_version": versions[0]})
    return gathered.done()


def _place(text: str) -> tuple[str, str]:
    """Address and port of `10.0.0.1:22`, `[fd00::1]:22` or an address alone."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, ""
    found = _AT.fullmatch(text)
    return (found[1], found[2] or "") if found else (text, "")


def write(config: Config, hosts: Sequence[Host]) -> str:
    """The hosts as a Clusterfile, each with its own login."""
    return as_yaml(
        {
            "apiVersion": f"{PREFIX}v1beta1",
            "kind": "Cluster",
            "metadata": {"name": config.name},
            "spec": {
                "hosts": [
                    {
                        "ips": [f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}"],
                        "roles": ["master" if one.role == "control_plane" else "node"],
                        "ssh": {"user": one.user},
                    }
                    for one in hosts
                    if one.role != "jump"
                ],
                "image": [f"labring/kubernetes:{config.kubernetes_version}"],
            },
        }
    )
