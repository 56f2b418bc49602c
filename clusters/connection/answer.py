"""Reads an answer within limits and tells an API server's word from a login page, a redirect or a torn connection."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.utils.translation import gettext as _
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from clusters.connection.endpoint import Endpoint
from clusters.connection.failures import sent_without_answer
from clusters.errors import ApiRefused

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,120})", re.IGNORECASE)


def read_within(endpoint: Endpoint, method: str, response: BaseHTTPResponse, deadline: float) -> bytes:
    """The whole body. `deadline` is of time.monotonic(): a server that drips must not hold the caller.

    Raises ClusterUnreachable (ambiguous for a write) when it does not arrive whole in time, ApiRefused when it is
    too large.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := response.read1(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                response.close()
                raise ApiRefused(
                    response.status, "TooLarge", _("the answer is larger than 64 MiB"), cluster=endpoint.name
                )
            if time.monotonic() > deadline:
                response.close()
                raise sent_without_answer(endpoint.name, method, TimeoutError())
    except (HTTPError, OSError) as error:
        response.close()
        raise sent_without_answer(endpoint.name, method, error) from error
    response.release_conn()
    return b"".join(chunks)


def understand(endpoint: Endpoint, response: BaseHTTPResponse, body: bytes) -> dict[str, Any]:
    """The JSON object of a successful answer. Raises ApiRefused for everything else."""
    value = _json_object(body)
    if 200 <= response.status < 300:
        if value is None:
            raise _not_kubernetes(endpoint, response, body)
        return value
    if value is None or value.get("kind") != "Status":
        raise _not_kubernetes(endpoint, response, body)
    details = value.get("details")
    raise ApiRefused(
        response.status,
        str(value.get("reason") or ""),
        endpoint.scrub(str(value.get("message") or _("refused without a message"))),
        details if isinstance(details, dict) else {},
        cluster=endpoint.name,
    )


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _not_kubernetes(endpoint: Endpoint, response: BaseHTTPResponse, body: bytes) -> ApiRefused:
    if 300 <= response.status < 400:
        host = urlsplit(response.headers.get("Location", "")).hostname or endpoint.address.host
        what = _("a redirect to %(host)s, which is not followed") % {"host": host}
    elif title := _TITLE.search(body[:_CHUNK]):
        what = _("a web page titled “%(title)s”") % {"title": title[1].decode("utf-8", "replace").strip()}
    else:
        what = _("%(size)d bytes that are not an answer of Kubernetes") % {"size": len(body)}
    return ApiRefused(
        response.status,
        "NotKubernetes",
        endpoint.scrub(
            _("%(url)s answered %(status)d with %(what)s")
            % {"url": endpoint.url, "status": response.status, "what": what}
        ),
        cluster=endpoint.name,
        next=_(
            "Something else answers at this address, perhaps a login proxy: give the address of the API server itself."
        ),
    )
