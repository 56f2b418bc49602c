"""Parts of portal and cluster die at random in the middle of canary and blue-green releases: none lost, none doubled,
none stuck, and nothing of a release left on Deployment, ReplicaSets or Services.

SLIPWAY_KILLS says how many kills (30), SLIPWAY_SEED which ones; the report names the seed of this run.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.field import IMAGE, Field, Web, until
from tests.faults.test_random_kills import SEED, Told, die_at_random

KILLS = int(os.environ.get("SLIPWAY_KILLS", "30"))
WORKLOADS = 4
CANARY: dict[str, Any] = {
    "type": "canary",
    "steps": [{"set_weight": 50}, {"pause": {"seconds": 2}}],
    "max_surge": 1,
    "max_unavailable": 0,
}
HELD: dict[str, Any] = {**CANARY, "steps": [{"set_weight": 50}, {"pause": {}}]}
BLUE_GREEN: dict[str, Any] = {"type": "blue_green", "auto_promote_seconds": 1, "scale_down_delay_seconds": 1}
# A release in place begins with one change of the Deployment's spec and ends with another.
CHANGES = 2


class InPlace(Told):
    """Canaries and blue-green releases: good ones, ones that crash, and ones that are aborted in their pause."""

    def release(self, version: str, kind: str) -> None:
        generation, began = self.web.generation, time.monotonic()
        tag = f"{version}-crash" if kind == "bad" else version
        strategy = {"canary": CANARY, "blue_green": BLUE_GREEN, "bad": CANARY, "abort": HELD}[kind]
        release_id = self.web.deploy(tag, strategy)
        if kind == "abort":
            until(lambda: self.web.release(release_id)["status"] == "paused")
            self.web.field.call("POST", f"/releases/{release_id}/abort/", {})
        status = {"bad": "failed", "abort": "aborted"}.get(kind, "succeeded")
        self.stable = version if status == "succeeded" else self.stable
        self.web.to_the_end(release_id)
        _ended_right(self.web, release_id, status, self.stable, generation + CHANGES)
        self.outcomes.append(f"{kind} {status}")
        self.seconds.append(time.monotonic() - began)


def _ended_right(web: Web, release_id: str, status: str, version: str, generation: int) -> None:
    release = web.release(release_id)
    assert release["status"] == status, f"{release['reason']}: {release['message']}"
    live = web.live()
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:{version}"
    assert live["metadata"]["generation"] == generation, web.timeline(release_id)
    assert "paused" not in live["spec"]
    assert live["spec"]["strategy"]["type"] == "RollingUpdate"
    mine = [one for one in _all(web, "apis/apps/v1", "replicasets") if one["metadata"]["name"].startswith(web.name)]
    services = [one for one in _all(web, "api/v1", "services") if one["metadata"]["name"].startswith(web.name)]
    assert [one["metadata"]["name"] for one in services] == [web.name]
    assert services[0]["spec"]["selector"] == {"app": web.name}
    for one in (live, *mine, *services):
        marks = {**one["metadata"].get("labels", {}), **one["metadata"].get("annotations", {})}
        assert not [name for name in marks if name.startswith("slipway.dev/")], one["metadata"]["name"]
    until(lambda: _running(web) == [version])
    events = web.field.call("GET", f"/releases/{release_id}/events/?limit=200")["results"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    begun = Counter(event["data"].get("step") for event in events if event["kind"] == "step.started")
    assert not [step for step, times in begun.items() if times > 1], [event["kind"] for event in events]


def _running(web: Web) -> list[str]:
    """The versions that have pods."""
    mine = [one for one in _all(web, "apis/apps/v1", "replicasets") if one["metadata"]["name"].startswith(web.name)]
    return [
        one["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        for one in mine
        if one["spec"]["replicas"]
    ]


def _all(web: Web, group: str, plural: str) -> list[dict[str, Any]]:
    """All objects of a kind in the namespace; the API server may be starting again."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        try:
            answer = web.field.kubectl.http.get(f"/{group}/namespaces/{web.namespace}/{plural}")
        except OSError:
            return False
        except Exception as error:
            if type(error).__module__.startswith("httpx"):
                return False
            raise
        found[:] = answer.json()["items"] if answer.is_success else []
        return answer.is_success

    until(there)
    return found


@pytest.mark.slow
@pytest.mark.timeout(120 + 60 * KILLS)
def test_random_kills_in_place(field: Field, record_property: Callable[[str, object], None]) -> None:
    dice = random.Random(SEED)
    webs = field.webs(WORKLOADS)
    for web in webs:
        body = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": web.name},
            "spec": {"selector": {"app": web.name}, "ports": [{"port": 80, "targetPort": 8080}]},
        }
        field.kubectl.create(f"/api/v1/namespaces/{web.namespace}/services", body)
    kinds = ("canary", "canary", "blue_green", "blue_green", "bad", "abort")
    stories = [InPlace(web, random.Random(dice.random()), kinds=kinds) for web in webs]
    die_at_random(field, stories, dice, record_property, kills=KILLS)
