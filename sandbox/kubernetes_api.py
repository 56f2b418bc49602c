"""The few requests the sandbox itself sends to its API server, as cluster admin."""

import ssl
from types import TracebackType
from typing import Any

import httpx

from sandbox.certificates import Pki
from sandbox.errors import StartFailed

_PLURALS = {
    "Namespace": "namespaces",
    "Node": "nodes",
    "ConfigMap": "configmaps",
    "Service": "services",
    "Deployment": "deployments",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "GatewayClass": "gatewayclasses",
    "Gateway": "gateways",
    "CustomResourceDefinition": "customresourcedefinitions",
}
TIMEOUT_SECONDS = 5.0


class KubernetesApi:
    """A connection to the sandbox's API server. Every method raises StartFailed when the server refuses."""

    def __init__(self, url: str, pki: Pki) -> None:
        context = ssl.create_default_context(cafile=pki.authority.cert)
        admin = pki.pair("admin")
        context.load_cert_chain(admin.cert, admin.key)
        # Proxies and the like in the environment are not for a server on loopback.
        self._client = httpx.Client(base_url=url, verify=context, timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> "KubernetesApi":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str) -> dict[str, Any] | None:
        """The object at `path`, None when there is none."""
        answer = self._send("GET", path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _body(answer)

    def create(self, item: dict[str, Any]) -> None:
        """Create `item` unless one of that name is there already."""
        answer = self._send("POST", _collection(item), json=item)
        if answer.status_code != httpx.codes.CONFLICT:
            _body(answer)

    def apply(self, item: dict[str, Any], *, manager: str, within_seconds: float = TIMEOUT_SECONDS) -> None:
        """Server-side apply `item` as field manager `manager`, taking over fields that others hold."""
        path = f"{_collection(item)}/{item['metadata']['name']}"
        params = {"fieldManager": manager, "force": "true"}
        # JSON is YAML, which is what this content type asks for.
        headers = {"Content-Type": "application/apply-patch+yaml"}
        _body(self._send("PATCH", path, params=params, headers=headers, json=item, timeout=within_seconds))

    def delete_all(self, path: str) -> None:
        """Delete every object of the collection at `path`."""
        _body(self._send("DELETE", path))

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise StartFailed(f"{method} {path} got no answer from the sandbox's API server", why=str(error)) from error


def _collection(item: dict[str, Any]) -> str:
    group = item["apiVersion"]
    root = f"/api/{group}" if group == "v1" else f"/apis/{group}"
    namespace = item["metadata"].get("namespace")
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{scope}/{_PLURALS[item['kind']]}"


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        request = answer.request
        raise StartFailed(f"The sandbox's API server refused {request.method} {request.url.path}", why=answer.text)
    body: dict[str, Any] = answer.json()
    return body
