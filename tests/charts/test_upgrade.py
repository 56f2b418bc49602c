"""Upgrading a release: other values, another version, and what `atomic` does when it does not get ready."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.charts.conftest import Place, carried_out, log_of
from tests.factories.charts import new_upload

Api = Callable[..., ApiClient]


def installed(api: Api, developer: User, payments: Team, place: Place, **values: object) -> str:
    """The address of a release of `web` 1.0.0."""
    new_upload(payments)
    answer = api(developer).post("/helm-releases/", place.wish(values=values))
    operation = carried_out(answer)
    assert operation.state == "succeeded", log_of(operation)
    return str(answer["Location"])


def test_values_that_are_not_given_stay(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place, greeting="stays")
    new_upload(payments, version="1.1.0")
    answer = api(developer).patch(path, {"version": "1.1.0"})
    assert (answer.status_code, answer.json()["status"]) == (202, "pending-upgrade")
    assert carried_out(answer).state == "succeeded"
    release = api(developer).get(path).json()
    assert (release["revision"], release["version"], release["status"]) == (2, "1.1.0", "deployed")
    assert place.helm_json("get", "values", "web") == {"greeting": "stays"}
    assert Entry.objects.filter(action="helm_release.upgrade").count() == 1


def test_values_that_are_given_take_the_place_of_all(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place, greeting="goes")
    assert carried_out(api(developer).patch(path, {"values": "replicas: 2\n"})).state == "succeeded"
    assert place.helm_json("get", "values", "web") == {"replicas": 2}


def test_a_dry_run_tells_what_differs_from_what_runs(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place, greeting="before")
    told = api(developer).patch(f"{path}?dry_run=true", {"values": {"greeting": "after"}}).json()
    assert [each["action"] for each in told["changes"]] == ["changed"]
    assert "-  greeting: before" in told["diff"] and "+  greeting: after" in told["diff"]
    assert api(developer).get(path).json()["revision"] == 1


def test_what_does_not_get_ready_fails(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place)
    operation = carried_out(api(developer).patch(path, {"values": {"tag": "v2-unready"}, "timeout_seconds": 5}))
    assert operation.state == "failed" and "Deployment/web" in operation.problem
    assert api(developer).get(path).json()["revision"] == 2


def test_atomic_takes_it_back(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place)
    body = {"values": {"tag": "v2-unready"}, "timeout_seconds": 5, "atomic": True}
    operation = carried_out(api(developer).patch(path, body))
    assert operation.state == "failed" and "not ready" in operation.problem
    assert [row["status"] for row in place.helm_json("history", "web")] == ["superseded", "superseded", "deployed"]
    assert "app:v1" in place.helm("get", "manifest", "web")


def test_an_atomic_install_goes_away_again(api: Api, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments)
    wish = place.wish(values={"tag": "v1-unready"}, timeout_seconds=5, atomic=True)
    operation = carried_out(api(developer).post("/helm-releases/", wish))
    assert operation.state == "failed" and place.helm_json("list") == []


def test_an_edit_since_it_was_read_is_refused(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place)
    assert api(developer).patch(path, {}, headers={"If-Match": '"99"'}).status_code == 412


def test_one_that_was_not_installed_here_needs_to_know_its_chart(
    api: Api, developer: User, payments: Team, place: Place
) -> None:
    from charts.observing import observe_cluster
    from tests.charts.archives import web_chart

    archive = place.kubeconfig.parent / f"{place.namespace}.tgz"
    archive.write_bytes(web_chart())
    try:
        place.helm("install", "theirs", str(archive))
    finally:
        archive.unlink()
    observe_cluster(place.cluster.pk)
    found = api(developer).get("/helm-releases/?name=theirs").json()["results"][0]
    assert (found["status"], found["chart"], found["revision"]) == ("deployed", "web", 1)
    path = f"/helm-releases/{found['id']}/"
    assert api(developer).patch(path, {}).json()["errors"][0]["pointer"] == "/chart"
    new_upload(payments, version="1.5.0")
    assert carried_out(api(developer).patch(path, {"chart": "uploads/web"})).state == "succeeded"
    assert place.helm_json("list")[0]["chart"] == "web-1.5.0"
