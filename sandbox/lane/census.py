"""Who the Pods are: kept by list and watch, each with how it behaves and whether its process still runs."""

import asyncio
import json
import logging
import re
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.stages import BEHAVIOUR_ANNOTATION, BEHAVIOURS

PODS = "/api/v1/pods"
AGAIN_AFTER_SECONDS = 0.5
SESSION_COOKIE_ANNOTATION = "sandbox.slipway.dev/session-cookie"
# The kubelet's own, for Pods that name none.
GRACE_SECONDS = 30
_SUFFIX = re.compile(rf":[^/@]*-({'|'.join(BEHAVIOURS)})(?:@.*)?$")

log = logging.getLogger("sandbox.lane")


@dataclass
class Pod:
    """One Pod as a process: what it calls itself, and when it stops taking connections."""

    namespace: str
    name: str
    labels: dict[str, str]
    image: str
    behaviour: str
    is_running: bool
    # The name of a cookie in which it keeps sessions with its version; "" for none.
    session_cookie: str
    # By the monotonic clock. None while nobody has deleted it.
    ends_at: float | None = None

    @property
    def service(self) -> str:
        return self.labels.get("app") or self.labels.get("app.kubernetes.io/name", "")

    @property
    def version(self) -> str:
        return self.image.rpartition(":")[2]

    @property
    def takes_connections(self) -> bool:
        return self.is_running and (self.ends_at is None or time.monotonic() < self.ends_at)


@dataclass
class Census:
    """All Pods that have an address, by address."""

    by_address: dict[str, Pod] = field(default_factory=dict)

    async def keep(self, client: httpx.AsyncClient, ended: "asyncio.Queue[str]") -> None:
        """List and watch until cancelled. The address of each Pod that has gone is put in `ended`."""
        while True:
            try:
                listed = (await _ok(client.get(PODS))).json()
                gone = set(self.by_address) - {_address(item) for item in listed["items"]}
                for item in listed["items"]:
                    self._see(item)
                for address in gone:
                    self._forget(address, ended)
                await self._follow(client, listed["metadata"]["resourceVersion"], ended)
            except (httpx.HTTPError, json.JSONDecodeError, KeyError) as error:
                log.info("the Pods are listed again: %r", error)
                await asyncio.sleep(AGAIN_AFTER_SECONDS)

    async def _follow(self, client: httpx.AsyncClient, since: str, ended: "asyncio.Queue[str]") -> None:
        params = {"watch": "1", "resourceVersion": since, "allowWatchBookmarks": "true"}
        async with client.stream("GET", PODS, params=params, timeout=httpx.Timeout(5, read=None)) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] == "DELETED":
                    self._forget(_address(event["object"]), ended)
                elif event["type"] != "BOOKMARK":
                    self._see(event["object"])

    def _see(self, item: dict[str, Any]) -> None:
        address = _address(item)
        if not address:
            return
        known = self.by_address.get(address)
        pod = _pod(item)
        if item["metadata"].get("deletionTimestamp"):
            was_told = known.ends_at if known is not None and known.name == pod.name else None
            pod.ends_at = was_told if was_told is not None else time.monotonic() + _stops_after_seconds(item)
        self.by_address[address] = pod

    def _forget(self, address: str, ended: "asyncio.Queue[str]") -> None:
        if self.by_address.pop(address, None) is not None:
            ended.put_nowait(address)


def _pod(item: dict[str, Any]) -> Pod:
    metadata, containers = item["metadata"], item["spec"]["containers"]
    suffixes = [match[1] for container in containers if (match := _SUFFIX.search(container["image"]))]
    annotated = metadata.get("annotations", {}).get(BEHAVIOUR_ANNOTATION)
    return Pod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        labels=metadata.get("labels", {}),
        image=containers[0]["image"],
        behaviour=annotated or (suffixes[0] if suffixes else "serves"),
        session_cookie=metadata.get("annotations", {}).get(SESSION_COOKIE_ANNOTATION, ""),
        is_running=any("running" in status.get("state", {}) for status in item["status"].get("containerStatuses", [])),
    )


def _address(item: dict[str, Any]) -> str:
    found: str = item.get("status", {}).get("podIP", "")
    return found


def _stops_after_seconds(item: dict[str, Any]) -> float:
    """How long after its deletion a Pod's process is told to end: its preStop hooks come first, within the grace.

    A process that is told to end takes no more connections, as most servers do.
    """
    hooks = [container.get("lifecycle", {}).get("preStop", {}) for container in item["spec"]["containers"]]
    sleeps = [float(hook.get("sleep", {}).get("seconds", 0)) for hook in hooks]
    grace = item["metadata"].get("deletionGracePeriodSeconds", GRACE_SECONDS)
    return float(min(max(sleeps, default=0.0), grace))


async def _ok(asked: Any) -> httpx.Response:
    answer: httpx.Response = await asked
    answer.raise_for_status()
    return answer
