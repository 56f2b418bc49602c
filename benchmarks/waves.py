"""How long Pods were coming up or going, by watching them: the part of a release that no controller can shorten."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable

import httpx

from tests.kubectl import Kubectl


class Waves:
    """Watches the Pods of a namespace with a prefix in their names, within a `with`."""

    def __init__(self, kubectl: Kubectl, namespace: str, prefix: str) -> None:
        self._http, self._prefix = kubectl.http, prefix
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._begun: dict[str, float] = {}
        self._going: dict[str, float] = {}
        self._intervals: list[tuple[float, float]] = []
        self._ready: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Waves:
        listed = self._http.get(self._path).json()
        self._ready = {item["metadata"]["uid"] for item in listed["items"]}
        self._since = listed["metadata"]["resourceVersion"]
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()

    def seconds(self, since: float, until: float) -> float:
        """How much of that time at least one Pod was on its way, by the monotonic clock."""
        now = time.monotonic()
        open_ones = [(start, now) for start in (*self._begun.values(), *self._going.values())]
        return covered([*self._intervals, *open_ones], since, until)

    def _follow(self) -> None:
        params = {"watch": "1", "resourceVersion": self._since}
        with self._http.stream("GET", self._path, params=params, timeout=httpx.Timeout(10, read=None)) as answer:
            for line in answer.iter_lines():
                if self._stop.is_set():
                    return
                event = json.loads(line)
                if event["object"]["metadata"].get("name", "").startswith(self._prefix):
                    self._see(event["type"], event["object"], time.monotonic())

    def _see(self, kind: str, pod: dict[str, object], now: float) -> None:
        metadata, status = pod["metadata"], pod.get("status", {})
        assert isinstance(metadata, dict)
        assert isinstance(status, dict)
        uid = metadata["uid"]
        if kind == "DELETED":
            started = self._going.pop(uid, self._begun.pop(uid, now))
            self._intervals.append((started, now))
            return
        if metadata.get("deletionTimestamp"):
            self._going.setdefault(uid, now)
        if uid in self._ready:
            return
        self._begun.setdefault(uid, now)
        if any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", [])):
            self._ready.add(uid)
            self._intervals.append((self._begun.pop(uid), now))


def covered(intervals: Iterable[tuple[float, float]], since: float, until: float) -> float:
    """How much of the time between two moments lies in at least one interval."""
    total, reached = 0.0, since
    for start, end in sorted(intervals):
        start, end = max(start, reached), min(end, until)
        if end > start:
            total += end - start
            reached = end
    return total
