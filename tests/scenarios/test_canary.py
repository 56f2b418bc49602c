"""Canary by replicas on the sandbox's real API server and controller manager (delivery.md, Objects and Canary)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deployments.commands import abort_release, promote_release
from deployments.models import Release
from deployments.tick import tick
from tests.conftest import until
from tests.scenarios.conftest import Workload

Play = Callable[..., Release]
PlayTo = Callable[..., Release]

HALF = {"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]}


def pods_of(web: Workload, version: str) -> dict[str, str]:
    """Uids of the ready pods of a version, by name."""
    found = web.kubectl.get(f"/api/v1/namespaces/{web.target.namespace}/pods")["items"]
    return {
        pod["metadata"]["name"]: pod["metadata"]["uid"]
        for pod in found
        if pod["spec"]["containers"][0]["image"].endswith(f":{version}")
        and not pod["metadata"].get("deletionTimestamp")
        and any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
    }


def paused(release: Release, *, seconds: float = 60) -> Release:
    """Tick until the release is in a pause of its steps."""

    def there() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        assert not release.ended, (release.status, release.reason, release.message)
        return release.status == "paused"

    until(there, seconds=seconds)
    return release


def test_the_pods_that_were_tested_are_the_pods_that_stay(web: Workload, to_the_end: Play) -> None:
    before = web.live()
    release = paused(web.deploy("1.1", strategy=HALF))
    tested = pods_of(web, "1.1")
    assert len(tested) == len(pods_of(web, "1.0")) == 1

    promote_release(release, by=web.developer)
    release = to_the_end(release)

    assert (release.status, release.reason) == ("succeeded", ""), release.message
    assert tested.items() <= pods_of(web, "1.1").items()
    after = web.live()
    assert after["spec"]["strategy"] == before["spec"]["strategy"]
    assert "paused" not in after["spec"]
    assert after["metadata"].get("labels") == before["metadata"].get("labels")
    until(web.ready)
    assert tested.items() <= pods_of(web, "1.1").items()


