"""The only way to an API server: raw dicts in and out, a deadline on every request, no repeats, no redirects."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast
from urllib.parse import urlencode

from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration

from clusters.connection.answer import read_within, understand
from clusters.connection.breaker import Breaker
from clusters.connection.certificate import Validity
from clusters.connection.endpoint import Endpoint
from clusters.connection.pool import PinnedOrigin
from clusters.errors import ClusterUnreachable
from web import request_id

FIELD_MANAGER = "slipway"
PAGE_SIZE = 500
_JSON = "application/json"
_ONLY_METADATA = f"{_JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_CONNECT_SECONDS = 2.0

Json = dict[str, Any]
Params = Mapping[str, str | int | bool]


class Line:
    """A standing connection to one endpoint, shared by all doors to it and by all threads.

    Its sockets are closed with the last door that holds it: a line that was replaced may still be in use, and one that
    is used no more must not wait for the collector.
    """

    def __init__(self, endpoint: Endpoint, breaker: Breaker) -> None:
        self.endpoint = endpoint
        self.breaker = breaker
        # proxy="" keeps HTTPS_PROXY of the environment away from the cluster's credentials.
        self.client = ApiClient(Configuration(host=endpoint.url, proxy="", connection_pool_maxsize=1))
        self._origin = PinnedOrigin(endpoint)
        cast("Any", self.client).rest_client.pool_manager = self._origin
        self._closing = weakref.finalize(self, self._origin.clear)

    @property
    def validities(self) -> Sequence[Validity]:
        """How long the server's certificate, as last shown, and our own proof are good."""
        return [each for each in (self._origin.server_certificate, self.endpoint.proof) if each is not None]

    def close(self) -> None:
        """Close its idle connections now."""
        self._closing()

    def abandon(self) -> None:
        """Leave its sockets to the process that they were inherited from, and ask no lock of it."""
        self._closing.detach()


@dataclass(frozen=True)
class Door:
    """Requests to one cluster. `timeout_seconds` bounds each request, from dialling to the last byte.

    Every method raises ClusterUnreachable when no answer came, and ApiRefused when the answer is no. Paths are those of
    `clusters.connection.paths`; objects are plain dicts as the API server sends them.
    """

    line: Line
    timeout_seconds: float = 3.0

    @property
    def breaker(self) -> Breaker:
        return self.line.breaker

    def get(self, path: str, params: Params | None = None) -> Json:
        """One object, or whatever JSON object stands at the path."""
        return self._call("GET", path, params)

    def list(self, path: str, params: Params | None = None, *, only_metadata: bool = False) -> Json:
        """A whole list, fetched in pages; `items` holds all of them, `metadata` is that of the last page.

        With `only_metadata` the server sends nothing of an object but its metadata: for Secrets, and for what is large.
        """
        accept = _ONLY_METADATA if only_metadata else _JSON
        asked: dict[str, str | int | bool] = {"limit": PAGE_SIZE, **(params or {})}
        answer = self._call("GET", path, asked, accept=accept)
        items = answer.get("items") or []
        while token := (answer.get("metadata") or {}).get("continue"):
            answer = self._call("GET", path, {**asked, "continue": token}, accept=accept)
            items += answer.get("items") or []
        return {**answer, "items": items}

    def create(self, path: str, body: Json, *, dry_run: bool = False) -> Json:
        """POST the object to its collection's path."""
        return self._call("POST", path, _writing(dry_run), body)

    def replace(self, path: str, body: Json, *, dry_run: bool = False) -> Json:
        """PUT the whole object; its resourceVersion, when present, must still be current."""
        return self._call("PUT", path, _writing(dry_run), body)

    def json_patch(self, path: str, ops: Sequence[Json], *, dry_run: bool = False) -> Json:
        """A JSON patch (RFC 6902). A failed `test` raises ApiRefused with is_invalid."""
        return self._call("PATCH", path, _writing(dry_run), _as_list(ops), "application/json-patch+json")

    def merge_patch(self, path: str, body: Json, *, dry_run: bool = False) -> Json:
        """A merge patch (RFC 7386): null removes."""
        return self._call("PATCH", path, _writing(dry_run), body, "application/merge-patch+json")

    def apply(self, path: str, body: Json, *, force: bool = False, dry_run: bool = False) -> Json:
        """Server-side apply as field manager slipway; `force` takes fields over from other managers."""
        params = {**_writing(dry_run), "force": force}
        return self._call("PATCH", path, params, body, "application/apply-patch+yaml")

    def delete(self, path: str, *, uid: str | None = None, propagation: str = "Background") -> Json:
        """Delete the object, only if it has that uid when one is given (else ApiRefused with is_conflict)."""
        body: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if uid is not None:
            body["preconditions"] = {"uid": uid}
        return self._call("DELETE", path, None, body)

    def raw(self, path: str, params: Params | None = None) -> tuple[int, str]:
        """Status and text of a GET, whatever they are: for /livez?verbose and the like."""
        response, body = self._send("GET", path, params)
        return response.status, self.line.endpoint.scrub(body.decode("utf-8", "replace"))

    def _call(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: Any = None,
        content_type: str = _JSON,
        accept: str = _JSON,
    ) -> Json:
        response, content = self._send(method, path, params, body, content_type, accept)
        return understand(self.line.endpoint, response, content)

    def _send(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: Any = None,
        content_type: str = _JSON,
        accept: str = _JSON,
    ) -> tuple[Any, bytes]:
        self.breaker.allow()
        endpoint = self.line.endpoint
        deadline = time.monotonic() + self.timeout_seconds
        headers = {
            "Accept": accept,
            "Content-Type": content_type,
            "User-Agent": f"slipway/{_VERSION} {request_id.current()}".strip(),
            **endpoint.headers,
        }
        try:
            answer = self.line.client.call_api(
                method,
                endpoint.url + _with_params(path, params),
                header_params=headers,
                body=body,
                _request_timeout=(min(_CONNECT_SECONDS, self.timeout_seconds), self.timeout_seconds),
            )
            content = read_within(endpoint, method, answer.response, deadline)
        except ClusterUnreachable as error:
            self.breaker.failed(error)
            raise
        self.breaker.answered()
        return answer.response, content


def _as_list(ops: Sequence[Json]) -> list[Json]:
    # The client sends anything but a list under this content type as a strategic merge patch.
    return list(ops)


def _writing(dry_run: bool) -> dict[str, str | int | bool]:
    return {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}


def _with_params(path: str, params: Params | None) -> str:
    if not params:
        return path
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in params.items()}
    return f"{path}{'&' if '?' in path else '?'}{urlencode(texts)}"


def _own_version() -> str:
    try:
        return version("slipway")
    except PackageNotFoundError:
        return "dev"


_VERSION = _own_version()
