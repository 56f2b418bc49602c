"""Kubeconfig files with everything in them: no paths, no plugins."""

import base64
from pathlib import Path

import yaml

from sandbox.certificates import Pair, Pki
from sandbox.files import write_atomically

CLUSTER = "sandbox"


def write_kubeconfig(path: Path, *, api_url: str, pki: Pki, user: str) -> None:
    """Write a kubeconfig for the client certificate named `user` (see certificates.CLIENTS), mode 0600."""
    client = pki.pair(user)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": CLUSTER, "cluster": {"server": api_url, "certificate-authority-data": _data(pki.authority.cert)}}
        ],
        "users": [{"name": user, "user": _credentials(client)}],
        "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": user}}],
        "current-context": CLUSTER,
    }
    write_atomically(path, yaml.safe_dump(config, sort_keys=False))


def _credentials(client: Pair) -> dict[str, str]:
    return {"client-certificate-data": _data(client.cert), "client-key-data": _data(client.key)}


def _data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
