"""Whether a quota has room for the extra pods of a release: arithmetic with worked numbers."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.quota import needed, shortages


def pod(*containers: dict[str, str], init: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    def made(requests: dict[str, str]) -> dict[str, Any]:
        return {"resources": {"requests": requests}}

    return {"spec": {"containers": [made(one) for one in containers], "initContainers": [made(one) for one in init]}}


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "few"}, "spec": {"hard": hard, **spec}, "status": {"hard": hard, "used": used or {}}}


@pytest.mark.parametrize(
    ("hard", "used", "lines"),
    [
        ({"pods": "10"}, {"pods": "7"}, []),
        ({"pods": "10"}, {"pods": "8"}, ["few: pods 3 > 2"]),
        ({"requests.cpu": "2"}, {"requests.cpu": "500m"}, []),
        ({"requests.cpu": "2"}, {"requests.cpu": "600m"}, ["few: requests.cpu 1.5 > 1.4"]),
        ({"cpu": "1"}, {}, ["few: cpu 1.5 > 1"]),
        ({"memory": "300Mi"}, {"memory": "0"}, ["few: memory 402653184 > 314572800"]),
        ({"count/replicasets.apps": "2"}, {"count/replicasets.apps": "2"}, ["few: count/replicasets.apps 1 > 0"]),
        ({"pods": "1"}, {"pods": "4"}, ["few: pods 3 > 0"]),
        ({"requests.nvidia.com/gpu": "0"}, {}, []),
        ({"pods": "many"}, {}, []),
    ],
)
def test_three_more_pods_of_half_a_core(hard: dict[str, str], used: dict[str, str], lines: list[str]) -> None:
    wanted = needed(pod({"cpu": "400m", "memory": "100Mi"}, {"cpu": "100m", "memory": "28Mi"}), 3, replica_sets=1)

    assert shortages([quota(hard, used)], wanted) == lines


def test_the_largest_init_container_counts_where_it_is_more() -> None:
    wanted = needed(pod({"cpu": "100m"}, init=({"cpu": "1"}, {"cpu": "200m"})), 2)

    assert wanted["requests.cpu"] == 2


def test_a_scoped_quota_is_left_to_the_api_server() -> None:
    assert shortages([quota({"pods": "0"}, scopes=["BestEffort"])], needed(pod(), 2)) == []
