"""Asks a cluster's Prometheus: pinned addresses, no credentials, no redirects, one deadline, one limit on size.

Knows nothing of who asks: queries of people pass `clusters.promql` first.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from django.utils.translation import gettext as _
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError

from clusters.connection.address import parse_api_url, resolve
from clusters.errors import ClusterUnreachable, PrometheusMissing, PrometheusRefused, PrometheusUnreachable
from clusters.models import Cluster

DEADLINE_SECONDS = 3.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
_CONNECT_SECONDS = 2.0
_CHUNK = 64 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_WORDS = 400

Json = dict[str, Any]


@dataclass(frozen=True)
class Prometheus:
    """The Prometheus of one cluster. Holds no connection and no database row, so threads may share it.

    Every question raises PrometheusUnreachable when no whole answer came within the deadline, and PrometheusRefused
    when the answer is no. Times are Unix seconds.
    """

    cluster: str
    url: str
    allow_private: bool = False
    deadline_seconds: float = DEADLINE_SECONDS

    def matrix(self, query: str, *, start: float, end: float, step: float) -> list[Json]:
        """The series of a range query, `{"metric": {...}, "values": [[time, "number"], ...]}` each."""
        params = {"query": query, "start": _seconds(start), "end": _seconds(end), "step": _seconds(step)}
        return self._ask("query_range", params, "matrix")

    def vector(self, query: str, *, at: float | None = None) -> list[Json]:
        """The series of an instant query, `{"metric": {...}, "value": [time, "number"]}` each."""
        return self._ask("query", {"query": query, **({} if at is None else {"time": _seconds(at)})}, "vector")

    def _ask(self, endpoint: str, params: Mapping[str, str], kind: str) -> list[Json]:
        deadline = time.monotonic() + self.deadline_seconds
        # A duration of Prometheus has no fraction.
        form = {**params, "timeout": f"{max(1, round(self.deadline_seconds * 1000))}ms"}
        status, location, body = self._post(f"/api/v1/{endpoint}", form, deadline)
        if 300 <= status < 400:
            host = urlsplit(location).hostname or "-"
            raise self._not_prometheus(_("a redirect to %(host)s, which is not followed") % {"host": host})
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict) or answer.get("status") not in {"success", "error"}:
            raise self._not_prometheus(_("status %(status)d and something else") % {"status": status})
        if answer["status"] == "error":
            raise PrometheusRefused(self.cluster, _shown(answer.get("error")))
        data = answer.get("data")
        result = data.get("result") if isinstance(data, dict) and data.get("resultType") == kind else None
        if not isinstance(result, list):
            raise PrometheusRefused(
                self.cluster,
                _("the query does not give series over time"),
                next=_("Ask for a vector: wrap a number in vector(), and take the range off a bare selector."),
            )
        return result

    def _post(self, path: str, form: Mapping[str, str], deadline: float) -> tuple[int, str, bytes]:
        """Status, Location and body. The form goes in the body, for a query may be longer than an address may be."""
        scheme, host, port, base, addresses = self._checked()
        failure: Exception | None = None
        for address in addresses:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                response = _pool(scheme, address, port, host).urlopen(
                    "POST",
                    base + path,
                    body=urlencode(form),
                    headers=_headers(scheme, host, port),
                    timeout=Timeout(connect=min(_CONNECT_SECONDS, left), read=left),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                body = self._read(response, deadline)
            except (HTTPError, OSError) as error:
                failure = error
                continue
            return response.status, response.headers.get("Location", ""), body
        raise self._unreachable(failure, addresses) from failure

    def _read(self, response: BaseHTTPResponse, deadline: float) -> bytes:
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                response.close()
                raise PrometheusRefused(
                    self.cluster,
                    _("the answer is larger than %(size)d MiB") % {"size": MAX_ANSWER_BYTES // 1024**2},
                    next=_("Ask for fewer series, a shorter time or a longer step."),
                )
            if time.monotonic() > deadline:
                response.close()
                raise TimeoutError
        response.release_conn()
        return bytes(body)

    def _checked(self) -> tuple[str, str, int, str, tuple[str, ...]]:
        """Scheme, host, port, base path, and the addresses that passed the policy."""
        scheme, _mark, rest = self.url.partition("://")
        if scheme not in _DEFAULT_PORTS:
            raise PrometheusUnreachable(
                self.cluster, _("its address begins neither with http nor with https"), step="policy"
            )
        try:
            parts = parse_api_url(f"https://{rest}", cluster=self.cluster)
            port = urlsplit(self.url).port or _DEFAULT_PORTS[scheme]
            addresses = resolve(
                parts.host,
                port,
                cluster=self.cluster,
                allow_private=self.allow_private,
                timeout_seconds=_CONNECT_SECONDS,
            )
        except ClusterUnreachable as error:
            raise PrometheusUnreachable(
                self.cluster,
                _("the address of Prometheus cannot be used: %(why)s") % {"why": error.detail},
                step=error.step,
                next=_("An admin can correct it under Edit on the cluster's page."),
            ) from error
        return scheme, parts.host, port, parts.base_path, addresses

    def _unreachable(self, error: Exception | None, addresses: tuple[str, ...]) -> PrometheusUnreachable:
        where = ", ".join(addresses)
        if error is None or "timed out" in str(error).lower() or isinstance(error, TimeoutError):
            detail, step = _("Prometheus at %(where)s did not answer in time") % {"where": where}, "request"
        else:
            detail, step = _("no connection to Prometheus at %(where)s") % {"where": where}, "connect"
        return PrometheusUnreachable(
            self.cluster, detail, step=step, next=_("Check that it runs and that Slipway can reach it.")
        )

    def _not_prometheus(self, what: str) -> PrometheusRefused:
        return PrometheusRefused(
            self.cluster,
            _("its address answered with %(what)s, not with an answer of Prometheus") % {"what": what},
            next=_("An admin can correct the address under Edit on the cluster's page."),
        )


def prometheus_of(cluster: Cluster) -> Prometheus:
    """The Prometheus of a cluster. Raises PrometheusMissing when none is registered."""
    if not cluster.prometheus_url:
        raise PrometheusMissing(
            _("No Prometheus is registered for cluster %(name)s.") % {"name": cluster.name},
            next=_("An admin can give its address under Edit on the cluster's page."),
            cluster=cluster.name,
        )
    return Prometheus(cluster.name, cluster.prometheus_url, cluster.allow_private_address)


@lru_cache(maxsize=256)
def _pool(scheme: str, address: str, port: int, host: str) -> HTTPConnectionPool:
    """Connections to one checked address. The certificate is still the host's, whose name never is resolved again."""
    if scheme == "http":
        return HTTPConnectionPool(address, port, maxsize=16)
    return HTTPSConnectionPool(address, port, maxsize=16, server_hostname=host, assert_hostname=host)


def _headers(scheme: str, host: str, port: int) -> dict[str, str]:
    name = f"[{host}]" if ":" in host else host
    return {
        "Host": name if port == _DEFAULT_PORTS[scheme] else f"{name}:{port}",
        "Accept": "application/json",
        # What is compressed could be far larger than what is counted.
        "Accept-Encoding": "identity",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "slipway",
    }


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _shown(words: Any) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in str(words or _("refused without a message")))
    return text[:_LONGEST_WORDS]
