"""The demo shop: eight services that call each other, owned by teams, in three environments."""

from __future__ import annotations

from typing import Any

from packaging.version import Version

from sandbox.shop import shop


def deployments() -> dict[tuple[str, str], dict[str, Any]]:
    found = [item for item in shop() if item["kind"] == "Deployment"]
    return {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in found}


def version(deployment: dict[str, Any]) -> Version:
    return Version(deployment["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2])


def test_every_service_is_in_every_environment_with_a_kubernetes_service() -> None:
    names = {name for _, name in deployments()}
    kubernetes_services = {
        (item["metadata"]["namespace"], item["metadata"]["name"]) for item in shop() if item["kind"] == "Service"
    }

    assert len(names) == 8
    assert deployments().keys() == {(place, name) for place in ("dev", "staging", "prod") for name in names}
    assert kubernetes_services == deployments().keys()


def test_services_call_only_services_of_the_shop_and_know_their_addresses() -> None:
    names = {name for _, name in deployments()}
    for (_, name), deployment in deployments().items():
        called = deployment["metadata"]["annotations"].get("slipway.dev/depends-on", "").split(",")
        environment = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        urls = {entry["value"] for entry in environment if entry["name"].endswith("_URL")}

        assert set(called) - {""} <= names - {name}
        assert urls == {f"http://{callee}:8080" for callee in called if callee}


def test_production_is_bigger_and_behind() -> None:
    for (place, name), deployment in deployments().items():
        in_dev = deployments()["dev", name]
        if place == "prod":
            assert deployment["spec"]["replicas"] > in_dev["spec"]["replicas"]
            assert version(deployment) <= version(in_dev)


def test_every_workload_names_its_team_and_bounds_what_it_takes() -> None:
    for deployment in deployments().values():
        pod = deployment["spec"]["template"]
        container = pod["spec"]["containers"][0]

        assert deployment["metadata"]["labels"]["slipway.dev/team"] in {
            "storefront",
            "checkout",
            "payments",
            "fulfilment",
        }
        assert deployment["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert container["resources"].keys() == {"requests", "limits"}
        assert {"readinessProbe", "livenessProbe"} <= container.keys()
