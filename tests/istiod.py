"""istiod's validating webhook in front of one namespace of the sandbox, and what it said of every object."""

from __future__ import annotations

import base64
import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox import processes
from sandbox.build import bin_folder, is_built
from sandbox.certificates import ensure_pki
from sandbox.istiod import VALIDATION
from tests.conftest import until
from tests.kubectl import Kubectl

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
PROBE = "is-istiod-asked"


@dataclass(frozen=True)
class Verdict:
    """What istiod said of one object: the error, or warnings, or nothing."""

    namespace: str
    kind: str
    name: str
    spec: dict[str, Any]
    is_allowed: bool
    said: tuple[str, ...]

    @classmethod
    def of(cls, record: dict[str, Any]) -> Verdict:
        asked, said = record["asked"]["request"], record["said"]["response"]
        return cls(
            asked["namespace"],
            asked["kind"]["kind"],
            asked["name"],
            asked["object"]["spec"],
            said["allowed"],
            (*filter(None, [(said.get("status") or {}).get("message")]), *(said.get("warnings") or ())),
        )


class Istiod:
    """The running webhook, with its certificate, log and records in `folder`."""

    def __init__(self, folder: Path) -> None:
        pki = ensure_pki(folder)
        self._authority = pki.authority.cert
        self._records = folder / "records.jsonl"
        self._records.touch()
        pair = pki.pair("server")
        argv = [bin_folder(VALIDATION) / "istiod-validation", "--certificate", pair.cert, "--key", pair.key]
        with (folder / "log").open("wb") as log:
            self.process = processes.spawn([*argv, "--records", self._records], output=log.fileno())
        until(lambda: self._read() or self.process.poll() is not None, seconds=30)
        assert self.process.poll() is None, (folder / "log").read_text()
        self.url = f"https://{self._read()[0]['address']}"
        trust = ssl.create_default_context(cafile=str(self._authority))
        self._http = httpx.Client(base_url=self.url, verify=trust, timeout=15, trust_env=False)

    def _read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._records.read_text().splitlines(keepends=True) if line[-1] == "\n"]

    def verdicts(self, namespace: str) -> list[Verdict]:
        """What was asked so far about the objects of a namespace, in order."""
        found = [Verdict.of(record) for record in self._read()[1:]]
        return [one for one in found if one.namespace == namespace and one.name != PROBE]

    def judge(self, obj: dict[str, Any]) -> Verdict:
        """Ask about an object as an API server would, without one."""
        kind = {"group": "networking.istio.io", "version": "v1", "kind": obj["kind"]}
        request = {"uid": "1", "kind": kind, "name": obj["metadata"]["name"], "operation": "CREATE"}
        request |= {
            "namespace": obj["metadata"]["namespace"],
            "object": {"apiVersion": "networking.istio.io/v1", **obj},
        }
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        answer = self._http.post("/validate", json=review)
        assert answer.status_code == httpx.codes.OK, answer.text
        return Verdict.of({"asked": review, "said": answer.json()})

    @contextmanager
    def guarding(self, kubectl: Kubectl, namespace: str) -> Iterator[None]:
        """The API server asks istiod about every Istio object of the namespace, with the rules of Istio's own chart."""
        kinds = ["networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"]
        bundle = base64.b64encode(self._authority.read_bytes()).decode()
        webhook = {
            "name": "rev.validation.istio.io",
            "clientConfig": {"url": f"{self.url}/validate", "caBundle": bundle},
            "rules": [
                {"operations": ["CREATE", "UPDATE"], "apiGroups": kinds, "apiVersions": ["*"], "resources": ["*"]}
            ],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        }
        metadata = {"name": f"istio-validator-{namespace}"}
        kubectl.create(
            CONFIGURATIONS,
            {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingWebhookConfiguration",
                "metadata": metadata,
                "webhooks": [webhook],
            },
        )
        try:
            # The API server takes a new configuration up some moments later.
            until(lambda: self._is_asked(kubectl, namespace), seconds=30)
            yield
        finally:
            kubectl.delete(f"{CONFIGURATIONS}/{metadata['name']}")

    def _is_asked(self, kubectl: Kubectl, namespace: str) -> bool:
        before = len(self._read())
        probe = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": PROBE}}
        path = f"/apis/networking.istio.io/v1/namespaces/{namespace}/destinationrules"
        kubectl.http.post(path, params={"dryRun": "All"}, json={**probe, "spec": {"host": PROBE}})
        return len(self._read()) > before

    def end(self) -> None:
        """End the process."""
        self._http.close()
        self.process.terminate()
        self.process.wait(timeout=10)


def why_not() -> str:
    """Why Istio's validation cannot be asked here; "" when it can. SLIPWAY_ISTIO=1 takes no excuse."""
    if is_built(VALIDATION) or os.environ.get("SLIPWAY_ISTIO"):
        return ""
    return "Istio's validation is not built here: run `make istio`, which builds it once"
