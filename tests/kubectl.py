"""The cluster administrator's hand in tests: plain calls with the sandbox's kubeconfig, past the portal."""

from __future__ import annotations

import base64
import ssl
import tempfile
from pathlib import Path
from typing import Any, Self

import httpx
import yaml


def access(kubeconfig: Path) -> tuple[str, ssl.SSLContext, dict[str, str]]:
    """What a kubeconfig says: the server's URL, whom to trust and how to sign in by certificate, and the headers."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    trust = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    if "token" in user:
        return cluster["server"], trust, {"Authorization": f"Bearer {user['token']}"}
    with tempfile.NamedTemporaryFile("wb") as pem:
        pem.write(base64.b64decode(user["client-certificate-data"]) + b"\n")
        pem.write(base64.b64decode(user["client-key-data"]))
        pem.flush()
        trust.load_cert_chain(pem.name)
    return cluster["server"], trust, {}


class Kubectl:
    """Calls one API server as its kubeconfig says. Paths are those of the Kubernetes API."""

    def __init__(
        self, kubeconfig: Path | str, *, agent: str = "", seconds: float = 15, connections: int | None = 100
    ) -> None:
        server, trust, headers = access(Path(kubeconfig))
        if agent:
            headers = {**headers, "User-Agent": agent}
        limits = httpx.Limits(max_connections=connections)
        self.http = httpx.Client(
            base_url=server, verify=trust, headers=headers, timeout=seconds, limits=limits, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.http.close()

    def get(self, path: str) -> dict[str, Any]:
        """One object or list."""
        return self._said(self.http.get(path))

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST to a collection."""
        return self._said(self.http.post(path, json=body))

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A merge patch."""
        return self._said(self.http.patch(path, json=body, headers={"Content-Type": "application/merge-patch+json"}))

    def delete(self, path: str) -> None:
        """Remove an object; it may be gone already."""
        answer = self.http.delete(path)
        if answer.status_code != 404:
            self._said(answer)

    def exists(self, path: str) -> bool:
        """Whether the API server has it."""
        return self.http.get(path).status_code == 200

    def _said(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.is_success, f"{answer.request.method} {answer.request.url.path}: {answer.text}"
        said: dict[str, Any] = answer.json()
        return said
