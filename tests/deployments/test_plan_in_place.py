"""What a canary or blue-green is told before it begins: steps, refusals at their place, warnings with numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient
from tests.conftest import until
from tests.factories.deployments import REPOSITORY
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]
Live = tuple[Target, Kubectl]
HALF: dict[str, Any] = {"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]}
BLUE_GREEN: dict[str, Any] = {"type": "blue_green"}


@pytest.fixture
def plan(api: Api, developer: User, live: Live) -> Callable[[Any], dict[str, Any]]:
    """`plan(strategy)`: the dry run's answer."""

    def ask(strategy: Any) -> dict[str, Any]:
        wish = {"service": "checkout", "environment": "dev", "image": f"{REPOSITORY}:1.8.0", "strategy": strategy}
        answer = api(developer).post("/releases/?dry_run=true", wish)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    return ask


def codes(notes: list[dict[str, str]]) -> set[str]:
    return {note["code"] for note in notes}


def path_of(target: Target) -> str:
    return f"/apis/apps/v1/namespaces/{target.namespace}/deployments/checkout"


def service(target: Target, kubectl: Kubectl, name: str = "checkout", **spec: Any) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": "checkout"}, "ports": [{"port": 80, "targetPort": 8080}], **spec},
    }
    kubectl.create(f"/api/v1/namespaces/{target.namespace}/services", body)


def changed(live: Live, body: dict[str, Any]) -> None:
    """Change the workload and wait until it is settled."""
    target, kubectl = live
    kubectl.patch(path_of(target), body)

    def settled() -> bool:
        found = kubectl.get(path_of(target))
        status = found["status"]
        return (
            status.get("observedGeneration") == found["metadata"]["generation"]
            and status.get("updatedReplicas", 0) == status.get("replicas", 0) == found["spec"]["replicas"]
        )

    until(settled)


def test_each_step_says_what_it_comes_to(plan: Callable[[Any], dict[str, Any]], live: Live) -> None:
    found = plan({"type": "canary", "steps": [{"set_weight": 40}, {"pause": {"seconds": 5}}], "max_surge": 1})

    assert [(one["kind"], one["weight"], one["reachable_weight"], one["pods"]) for one in found["steps"]] == [
        ("set_weight", 40, 33, {"stable": 2, "canary": 1}),
        ("pause", 40, 33, {"stable": 2, "canary": 1}),
        ("promote", 100, 100, {"stable": 0, "canary": 2}),
    ]
    assert found["extra_pods"] == 1
    assert found["refusals"] == []
    assert codes(found["warnings"]) >= {"weight_rounded", "guard_missing"}
    assert found["dry_run"]["status"] == "passed", found["dry_run"]
    assert not Release.objects.exists()


def test_blue_green_needs_a_service_and_brings_the_whole_version_beside(
    plan: Callable[[Any], dict[str, Any]], live: Live
) -> None:
    assert "no_service" in codes(plan(BLUE_GREEN)["refusals"])

    service(*live)
    found = plan({**BLUE_GREEN, "preview_replicas": 1})

    assert found["refusals"] == []
    assert found["extra_pods"] == 2
    assert [(one["kind"], one["pods"]) for one in found["steps"]] == [
        ("preview", {"stable": 2, "canary": 1}),
        ("switch", {"stable": 2, "canary": 2}),
        ("scale_down", {"stable": 0, "canary": 2}),
    ]

    service(*live, name="checkout-metrics", clusterIP="None")
    assert "no_service" in codes(plan(BLUE_GREEN)["refusals"])
    Target.objects.update(kubernetes_service="checkout")
    found = plan(BLUE_GREEN)
    assert found["refusals"] == []
    assert any("checkout-metrics" in one["detail"] for one in found["warnings"] if one["code"] == "unsplit_services")


def test_a_template_that_is_not_there_is_refused_at_its_place(api: Api, developer: User, live: Live) -> None:
    strategy = {"type": "canary", "steps": [{"set_weight": 50}, {"analysis": {"templates": ["nowhere"]}}]}
    wish = {"service": "checkout", "environment": "dev", "image": f"{REPOSITORY}:1.8.0", "strategy": strategy}

    answer = api(developer).post("/releases/", wish)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/strategy/steps/1/analysis/templates/0", "unknown_template")


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ({"containers": [{"name": "checkout", "ports": [{"containerPort": 8080, "hostPort": 80}]}]}, "host_port"),
        ({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}, "volume"),
    ],
)
def test_what_two_versions_cannot_share_is_refused(
    plan: Callable[[Any], dict[str, Any]], live: Live, template: dict[str, Any], code: str
) -> None:
    target, kubectl = live
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    kubectl.create(f"/api/v1/namespaces/{target.namespace}/persistentvolumeclaims", claim)
    answer = kubectl.http.patch(
        path_of(target),
        json={"spec": {"template": {"spec": template}}},
        headers={"Content-Type": "application/strategic-merge-patch+json"},
    )
    assert answer.is_success, answer.text

    assert code in codes(plan(HALF)["refusals"])
    assert code not in codes(plan("rolling")["refusals"])


def test_recreate_and_one_replica_without_surge(plan: Callable[[Any], dict[str, Any]], live: Live) -> None:
    changed(live, {"spec": {"replicas": 1}})
    assert plan({**HALF, "max_surge": 1})["refusals"] == []
    found = plan({**HALF, "max_surge": 0, "max_unavailable": 1})
    assert codes(found["refusals"]) == {"weight_unreachable"}
    assert found["steps"][0]["reachable_weight"] is None

    changed(live, {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
    assert "recreate" in codes(plan(HALF)["refusals"])


def test_without_pods_it_is_written_as_rolling(plan: Callable[[Any], dict[str, Any]], live: Live) -> None:
    changed(live, {"spec": {"replicas": 0}})

    found = plan(HALF)

    assert [one["kind"] for one in found["steps"]] == ["rolling"]
    assert codes(found["warnings"]) >= {"rolling_instead", "scaled_to_zero"}
    assert found["refusals"] == []


def test_an_autoscaler_by_value_and_a_budget_are_told_with_numbers(
    plan: Callable[[Any], dict[str, Any]], live: Live
) -> None:
    target, kubectl = live
    service(*live)
    metric = {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "20"}}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "checkout"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
            "minReplicas": 2,
            "maxReplicas": 9,
            "metrics": [{"type": "External", "external": metric}],
        },
    }
    kubectl.create(f"/apis/autoscaling/v2/namespaces/{target.namespace}/horizontalpodautoscalers", scaler)
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "checkout"},
        "spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "checkout"}}},
    }
    kubectl.create(f"/apis/policy/v1/namespaces/{target.namespace}/poddisruptionbudgets", budget)

    found = plan(BLUE_GREEN)

    assert "autoscaler_value" in codes(found["refusals"])
    (told,) = [one["detail"] for one in found["warnings"] if one["code"] == "disruption_budget"]
    assert "2 of the 2 live Pods" in told


@pytest.mark.parametrize("traffic", ["istio", "gateway_api", "nginx"])
def test_a_router_without_a_route_is_refused(plan: Callable[[Any], dict[str, Any]], live: Live, traffic: str) -> None:
    service(*live)

    found = plan({**HALF, "traffic": traffic})

    assert codes(found["refusals"]) & {"no_route", "no_router"}, found["refusals"]


def test_what_runs_already_is_no_matter_of_strategy(api: Api, developer: User, live: Live) -> None:
    wish = {"service": "checkout", "environment": "dev", "image": f"{REPOSITORY}:1.7.3", "strategy": BLUE_GREEN}

    plan = api(developer).post("/releases/?dry_run=true", wish).json()

    assert plan["refusals"] == []
    assert "already_runs" in codes(plan["warnings"])
