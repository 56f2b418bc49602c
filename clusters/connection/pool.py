"""Connections to one API server and nothing else, pinned to the addresses that passed the policy.

Stands in for the PoolManager of the kubernetes client: no redirects, no proxies, no second host, no silent repeats.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from clusters.connection.certificate import Validity, of_server
from clusters.connection.endpoint import Endpoint
from clusters.connection.failures import not_sent, sent_without_answer

# A process asks for as many things of a cluster at once when many people plan releases; a new connection costs either
# side more than the question. Those that are idle are closed by the server.
MOST_KEPT = 32
_sending = threading.local()


class _PinnedConnection(HTTPSConnection):
    """Dials the checked addresses instead of the name; SNI, Host header and verification still use the name."""

    def __init__(
        self, *args: Any, addresses: tuple[str, ...], shown: Callable[[bytes | None], None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._addresses = addresses
        self._shown = shown

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, ssl.SSLSocket):
            self._shown(self.sock.getpeercert(binary_form=True))

    def _new_conn(self) -> socket.socket:
        failure: OSError | None = None
        for address in self._addresses:
            try:
                return socket.create_connection((address, self.port), timeout=_seconds(self.timeout))
            except TimeoutError as error:
                failure = ConnectTimeoutError(self, f"{address} did not answer")  # type: ignore[assignment]
                failure.__cause__ = error  # type: ignore[union-attr]
            except OSError as error:
                failure = NewConnectionError(self, f"{address}: {error.strerror or error}")  # type: ignore[assignment]
                failure.__cause__ = error  # type: ignore[union-attr]
        raise failure or NewConnectionError(self, "no address")

    def request(self, *args: Any, **kwargs: Any) -> None:
        # urllib3 calls this once the TLS handshake is done: what fails before it cannot have reached the API server.
        _sending.has_begun = True
        super().request(*args, **kwargs)


class _PinnedPool(HTTPSConnectionPool):
    ConnectionCls = _PinnedConnection


class PinnedOrigin:
    """The only origin that requests of one endpoint may go to. Safe for threads."""

    def __init__(self, endpoint: Endpoint, *, connections: int = MOST_KEPT) -> None:
        self._endpoint = endpoint
        self.server_certificate: Validity | None = None
        self._pool = _PinnedPool(
            endpoint.address.host,
            endpoint.address.port,
            maxsize=connections,
            block=False,
            retries=Retry(total=False, redirect=0, raise_on_redirect=False),
            ssl_context=endpoint.ssl_context,
            server_hostname=endpoint.server_hostname,
            addresses=endpoint.addresses,
            shown=self._note_certificate,
        )

    def request(self, method: str, url: str, **options: Any) -> BaseHTTPResponse:
        """One request, sent at most once. Raises ClusterUnreachable, ambiguous if a write may have been carried out."""
        endpoint = self._endpoint
        path = url.removeprefix(endpoint.url)
        if path == url or not path.startswith("/") or path.startswith("//"):
            raise ValueError(f"{url} is not at {endpoint.url}")
        _sending.has_begun = False
        try:
            return self._pool.request(method, endpoint.address.base_path + path, **options)
        except (HTTPError, OSError) as error:
            if _sending.has_begun:
                raise sent_without_answer(endpoint.name, method, error) from error
            raise not_sent(endpoint.name, endpoint.addresses, endpoint.server_hostname, error) from error

    def _note_certificate(self, der: bytes | None) -> None:
        self.server_certificate = of_server(der) or self.server_certificate

    def clear(self) -> None:
        """Close all idle connections."""
        self._pool.close()


def _seconds(timeout: Any) -> float | None:
    return timeout if isinstance(timeout, int | float) else None
