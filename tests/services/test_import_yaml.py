"""Importing a catalog-info.yaml as Backstage writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from services.models import Service
from tests.callers import ApiClient, PageClient
from tests.factories.services import new_service

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

FILE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  title: Checkout
  description: Takes a basket to a paid order.
  tags: [java, critical]
  annotations:
    pagerduty.com/service-id: 012
  links:
    - {url: "https://wiki.example/checkout", title: Runbook, icon: docs}
spec:
  type: service
  lifecycle: production
  owner: group:default/payments
  system: shop
  dependsOn: ["component:default/basket", "resource:default/orders-db"]
  providesApis: [orders-v2]
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: Ledger}
spec: {type: service, lifecycle: retired, owner: payments}
---
kind: Component
metadata: {name: orphan}
spec: {owner: "user:default/ada"}
---
just text
"""


def post(caller: ApiClient, text: str, query: str = "") -> dict[str, Any]:
    answer = caller.post(f"/services/import/{query}", {"yaml": text})
    assert answer.status_code == 200, answer.content
    plan: dict[str, Any] = answer.json()
    return plan


def test_the_plan_says_what_becomes_of_every_document(api: Api, maintainer: User) -> None:
    plan = post(api(maintainer), FILE, "?dry_run=true")
    assert [row["service"] for row in plan["create"]] == ["checkout"]
    assert [(row["index"], row["pointer"]) for row in plan["invalid"]] == [
        (2, "/metadata/name"),
        (2, "/spec/lifecycle"),
        (4, "/kind"),
    ]
    assert [(row["index"], row["object"]) for row in plan["skipped"]] == [(1, "shop")]
    assert [(row["index"], row["code"]) for row in plan["conflict"]] == [(3, "no_team")]
    assert not Service.objects.exists()


def test_it_imports_what_the_file_says(api: Api, maintainer: User) -> None:
    post(api(maintainer), FILE)
    service = Service.objects.get()
    assert service.team.name == "payments"
    assert service.tags == ["java", "critical"]
    assert service.depends_on == ["basket"]
    assert service.provides_apis == ["orders-v2"]
    assert service.links == [{"title": "Runbook", "url": "https://wiki.example/checkout"}]
    assert service.annotations == {"pagerduty.com/service-id": "012"}
    assert [row["service"] for row in post(api(maintainer), FILE)["unchanged"]] == ["checkout"]


def test_it_updates_what_changed(api: Api, maintainer: User, payments: Team) -> None:
    new_service("checkout", payments, title="Till", lifecycle="experimental")
    plan = post(api(maintainer), FILE)
    assert plan["update"][0]["changes"]["title"] == {"before": "Till", "after": "Checkout"}
    assert Service.objects.get().lifecycle == "production"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [1", "line"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("kind: Component\nkind: System", "stands twice"),
        ("a: " + "[" * 40 + "]" * 40, "nested too deep"),
        ("a: !!python/object/apply:os.system ['true']", ""),
        ("x" * 600_000, "larger than"),
        ("a: \x00", "control characters"),
    ],
)
def test_t35_what_is_no_plain_yaml_is_refused_whole(api: Api, maintainer: User, text: str, reason: str) -> None:
    answer = api(maintainer).post("/services/import/", {"yaml": text})
    if reason:
        assert answer.status_code == 422
        assert reason in answer.json()["detail"]
        assert answer.json()["errors"][0]["pointer"] == "/yaml"
    else:
        assert answer.json()["invalid"][0]["pointer"] == "/kind"


def test_a_name_twice_in_one_file_is_told(api: Api, maintainer: User) -> None:
    one = "kind: Component\nmetadata: {name: web}\nspec: {owner: payments}\n"
    plan = post(api(maintainer), f"{one}---\n{one}")
    assert len(plan["create"]) == 1
    assert plan["invalid"][0]["index"] == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"yaml": "a", "cluster": "b"}, ""),
        ({"location": "https://example.org/catalog-info.yaml"}, "/location"),
        ({"yaml": 7}, "/yaml"),
        ({"yaml": "", "team": "x"}, "/team"),
    ],
)
def test_a_body_that_names_no_one_source_is_refused(
    api: Api, maintainer: User, body: dict[str, Any], pointer: str
) -> None:
    answer = api(maintainer).post("/services/import/", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_developers_may_not(api: Api, developer: User) -> None:
    answer = api(developer).post("/services/import/", {"yaml": FILE})
    assert answer.status_code == 403
    assert "service.import" in answer.json()["detail"]


def test_the_page_keeps_the_text_from_plan_to_import(web_client: Web, maintainer: User) -> None:
    browser = web_client(maintainer)
    plan = browser.post("/services/import/", {"source": "yaml", "yaml": FILE}).content.decode()
    assert "Import: create 1, update 0" in plan
    assert plan.count("Takes a basket to a paid order.") == 2
    browser.post("/services/import/", {"source": "yaml", "yaml": FILE, "step": "import"})
    assert Service.objects.get().name == "checkout"
    refused = browser.post("/services/import/", {"source": "yaml", "yaml": "a: [1"})
    assert refused.status_code == 422
    assert "a: [1" in refused.content.decode()
