"""Uninstalling: everything goes but what the chart keeps, and the release says so."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.charts.archives import CONFIG
from tests.charts.conftest import Place, carried_out, log_of
from tests.charts.test_upgrade import installed
from tests.factories.charts import new_upload

Api = Callable[..., ApiClient]


def test_all_of_it_goes(api: Api, developer: User, viewer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place)
    assert api(viewer).delete(path).status_code == 403
    answer = api(developer).delete(path)
    assert answer.json()["status"] == "uninstalling"
    operation = carried_out(answer)
    assert operation.state == "succeeded", log_of(operation)
    assert {row["state"] for row in operation.resources} == {"ready"} and len(operation.resources) == 2
    assert place.objects("apis/apps/v1/deployments") == [] and place.helm_json("list") == []
    assert api(developer).get(path).json()["status"] == "uninstalled"
    assert api(developer).get("/helm-releases/").json()["count"] == 0
    assert Entry.objects.filter(action="helm_release.uninstall").count() == 1
    assert api(developer).delete(path).json()["type"].endswith("helm_release_uninstalled")


def test_what_the_chart_keeps_is_not_waited_for(api: Api, developer: User, payments: Team, place: Place) -> None:
    kept = CONFIG.replace("-config", "-kept").replace(
        "metadata:", "metadata:\n  annotations: {helm.sh/resource-policy: keep}"
    )
    new_upload(payments, **{"templates/kept.yaml": kept})
    answer = api(developer).post("/helm-releases/", place.wish())
    carried_out(answer)
    assert carried_out(api(developer).delete(answer["Location"])).state == "succeeded"
    assert "web-kept" in place.objects("api/v1/configmaps")


def test_it_can_be_installed_again_under_its_name(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place)
    carried_out(api(developer).delete(path))
    again = api(developer).post("/helm-releases/", place.wish())
    assert again["Location"] == path
    assert carried_out(again).state == "succeeded"
    assert api(developer).get(path).json()["revision"] == 1
