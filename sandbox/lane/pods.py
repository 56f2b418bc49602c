"""One server that is all Pods: the address a connection came to tells which. `python -m sandbox.lane.pods`.

A Pod whose process has ended resets connections that are new, finishes what it is answering, and closes the rest. Its
requests are counted in the series that the demo's Pods have elsewhere, so that the same queries read real requests.
"""

import argparse
import asyncio
import base64
import random
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import yaml
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.lane import network
from sandbox.lane.census import Census, Pod
from sandbox.lane.components import POD_PORT
from sandbox.metrics import ERRORS_BAD, LATENCY_SLOW
from sandbox.ports import LOOPBACK

LABELS = ("namespace", "pod", "service", "app", "pod_template_hash")
# What a Pod that serves takes to answer: short, so that a lane of two cores bears many requests.
SERVES_WITHIN_SECONDS = 0.004
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LOOK_EVERY_SECONDS = 0.02
# For behaviour, not for secrets.
CHANCE = random.Random()  # noqa: S311

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Answers:
    """The application: answers as the Pod that was asked, and counts."""

    def __init__(self, census: Census) -> None:
        self._census = census
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests the Pod answered, by status code.", (*LABELS, "code"), registry=self._registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "How long the Pod took to answer, in seconds.",
            LABELS,
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._counted: dict[str, Pod] = {}

    async def __call__(self, scope: dict[str, Any], receive: object, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        address = scope["server"][0]
        if address == LOOPBACK:
            is_metrics = scope["path"] == "/metrics"
            await _say(send, 200, generate_latest(self._registry) if is_metrics else b"well", {})
            return
        pod = self._census.by_address.get(address)
        if pod is None:
            await _say(send, 502, b"there is no such Pod", {})
            return
        seconds, status = _behave(pod.behaviour)
        await asyncio.sleep(seconds)
        self._count(address, pod, seconds, status)
        headers = {"x-pod": pod.name, "x-version": pod.version}
        if pod.session_cookie:
            # For routers that set none themselves: its value names the version, as Slipway's matches expect it.
            headers["set-cookie"] = f"{pod.session_cookie}=slipway.{pod.labels.get('pod-template-hash', '')}; Path=/"
        await _say(send, status, f"{pod.service} {pod.version}\n".encode(), headers)

    def forget(self, address: str) -> None:
        """Drop the series of a Pod that is gone, as a scrape of a Pod that is gone would."""
        pod = self._counted.pop(address, None)
        if pod is not None:
            for code in ("200", "500"):
                self._requests.remove(*_labels(pod), code)
            self._durations.remove(*_labels(pod))

    def _count(self, address: str, pod: Pod, seconds: float, status: int) -> None:
        if address not in self._counted:
            self._counted[address] = pod
            for code in ("200", "500"):
                self._requests.labels(*_labels(pod), code)
        self._requests.labels(*_labels(self._counted[address]), str(status)).inc()
        self._durations.labels(*_labels(self._counted[address])).observe(seconds)


def _labels(pod: Pod) -> tuple[str, ...]:
    app, template = pod.labels.get("app", ""), pod.labels.get("pod-template-hash", "")
    return pod.namespace, pod.name, pod.service, app, template


def _behave(behaviour: str) -> tuple[float, int]:
    """Seconds to take and status to answer."""
    if behaviour == "slow":
        bound = CHANCE.choices(list(LATENCY_SLOW), list(LATENCY_SLOW.values()))[0]
        return 0.7 * bound, 200
    failed = behaviour == "errors" and CHANCE.random() < ERRORS_BAD
    return CHANCE.uniform(0, SERVES_WITHIN_SECONDS), 500 if failed else 200


async def _say(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    told = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    told += [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


class Connections:
    """Open connections by the Pod they came to."""

    def __init__(self, census: Census) -> None:
        self._census = census
        self._open: dict[str, set[HttpToolsProtocol]] = {}

    def protocol(self) -> type[HttpToolsProtocol]:
        """uvicorn's protocol, refusing what comes to a Pod whose process does not run."""
        connections = self

        class ToPod(HttpToolsProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                address = self.server[0] if self.server else ""
                if address != LOOPBACK and not connections._takes(address):
                    # Unread or not, nothing is answered: the client sees a reset.
                    transport.abort()
                    return
                connections._open.setdefault(address, set()).add(self)

            def connection_lost(self, exc: Exception | None) -> None:
                address = self.server[0] if self.server else ""
                connections._open.get(address, set()).discard(self)
                super().connection_lost(exc)

        return ToPod

    async def end_with_their_pods(self) -> None:
        """Until cancelled: close the connections of Pods whose process has ended, answers under way first."""
        while True:
            for address, open_ones in self._open.items():
                if open_ones and address != LOOPBACK and not self._takes(address):
                    for connection in list(open_ones):
                        connection.shutdown()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _takes(self, address: str) -> bool:
        pod = self._census.by_address.get(address)
        return pod is not None and pod.takes_connections


def _client(kubeconfig: Path) -> httpx.AsyncClient:
    """Signed in by the certificate in a kubeconfig of the sandbox."""
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    trust = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile("wb") as pem:
        pem.write(base64.b64decode(user["client-certificate-data"]) + b"\n")
        pem.write(base64.b64decode(user["client-key-data"]))
        pem.flush()
        trust.load_cert_chain(pem.name)
    return httpx.AsyncClient(base_url=cluster["server"], verify=trust, trust_env=False, timeout=5)


async def serve(kubeconfig: Path) -> None:
    """Be all Pods until told to end."""
    census = Census()
    answers, connections = Answers(census), Connections(census)
    server = uvicorn.Server(
        uvicorn.Config(
            answers,
            host="0.0.0.0",  # noqa: S104 - main has made sure that this network has loopback alone
            port=POD_PORT,
            http=connections.protocol(),
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_keep_alive=120,
        )
    )
    gone: asyncio.Queue[str] = asyncio.Queue()
    async with _client(kubeconfig) as client:
        work = [
            asyncio.create_task(census.keep(client, gone)),
            asyncio.create_task(connections.end_with_their_pods()),
            asyncio.create_task(_forget(gone, answers)),
        ]
        try:
            await server.serve()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)


async def _forget(gone: "asyncio.Queue[str]", answers: Answers) -> None:
    while True:
        answers.forget(await gone.get())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kubeconfig", type=Path, required=True)
    asked = parser.parse_args()
    if not network.is_own():
        parser.error("this network reaches further than loopback: run it in a lane (see sandbox/README.md)")
    asyncio.run(serve(asked.kubeconfig))


if __name__ == "__main__":
    main()
