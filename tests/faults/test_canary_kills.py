"""The controller manager dies in the middle of a canary: nothing moves, and the pods that were tested are those that
stay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.field import Field, Web, until

HELD: dict[str, Any] = {
    "type": "canary",
    "steps": [{"set_weight": 50}, {"pause": {}}],
    "max_surge": 1,
    "max_unavailable": 0,
}


@pytest.fixture
def held(field: Field) -> tuple[Web, str, dict[str, str], dict[str, str]]:
    """A canary in its pause at 2 + 2; the uids of the old and of the new pods, by name."""
    (web,) = field.webs(1, replicas=4)
    release_id = web.deploy("1.1", HELD)
    until(lambda: web.release(release_id)["status"] == "paused")
    old, new = ready_pods(web, "1.0"), ready_pods(web, "1.1")
    assert (len(old), len(new)) == (2, 2)
    return web, release_id, old, new


def ready_pods(web: Web, version: str) -> dict[str, str]:
    """Uids of its ready pods of a version, by name."""
    found = web.field.kubectl.get(f"/api/v1/namespaces/{web.namespace}/pods")["items"]
    return {
        pod["metadata"]["name"]: pod["metadata"]["uid"]
        for pod in found
        if pod["spec"]["containers"][0]["image"].endswith(f":{version}")
        and not pod["metadata"].get("deletionTimestamp")
        and any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
    }


def restart_the_controllers(web: Web, pod: str, version: str) -> None:
    """Kill -9 the controller manager, and see by a deleted pod that the one after it has looked at everything."""
    web.field.kill_and_see_it_back("kube-controller-manager")
    before = ready_pods(web, version)
    web.field.kubectl.delete(f"/api/v1/namespaces/{web.namespace}/pods/{pod}")
    until(lambda: len(now := ready_pods(web, version)) == len(before) and pod not in now)


def test_the_tested_pods_stay_although_the_controllers_died(
    field: Field, held: tuple[Web, str, dict[str, str], dict[str, str]]
) -> None:
    web, release_id, old, new = held
    replaced, kept = sorted(new)
    restart_the_controllers(web, replaced, "1.1")
    assert ready_pods(web, "1.0") == old
    tested = ready_pods(web, "1.1")
    assert tested[kept] == new[kept]

    field.call("POST", f"/releases/{release_id}/promote/", {})

    assert web.to_the_end(release_id)["status"] == "succeeded"
    until(lambda: len(ready_pods(web, "1.1")) == 4 and not ready_pods(web, "1.0"))
    assert tested.items() <= ready_pods(web, "1.1").items()


def test_an_abort_gives_all_old_pods_back_although_the_controllers_died(
    field: Field, held: tuple[Web, str, dict[str, str], dict[str, str]]
) -> None:
    web, release_id, old, _new = held
    field.kill("kube-controller-manager")
    field.call("POST", f"/releases/{release_id}/abort/", {})

    assert web.to_the_end(release_id)["status"] == "aborted"
    until(lambda: len(ready_pods(web, "1.0")) == 4 and not ready_pods(web, "1.1"))
    assert old.items() <= ready_pods(web, "1.0").items()
    assert "paused" not in web.live()["spec"]
