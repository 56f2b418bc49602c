"""Releases of the `helm` command show up, change and go, and a cluster that does not answer changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from accounts.models import User
from audit.models import Entry
from charts.models import HelmRelease
from charts.observing import observe_cluster
from tests.callers import ApiClient
from tests.charts.archives import web_chart
from tests.charts.conftest import Place
from tests.factories.charts import new_helm_release, new_operation
from tests.factories.registered import saved_cluster

Api = Callable[..., ApiClient]


def test_what_helm_did_is_seen(api: Api, developer: User, stranger: User, place: Place, tmp_path: Path) -> None:
    chart = tmp_path / "web.tgz"
    chart.write_bytes(web_chart(version="3.1.4"))
    place.helm("install", "theirs", str(chart), "--set", "password=planted")
    observe_cluster(place.cluster.pk)
    (found,) = api(developer).get("/helm-releases/").json()["results"]
    assert (found["name"], found["status"], found["revision"], found["version"]) == ("theirs", "deployed", 1, "3.1.4")
    path = f"/helm-releases/{found['id']}/"
    ours, theirs = api(developer).get(f"{path}history/").json()["results"], place.helm_json("history", "theirs")
    assert [{**row, "updated": ""} for row in ours] == [{**row, "updated": ""} for row in theirs]
    assert api(stranger).get("/helm-releases/").json()["count"] == 0

    place.helm("upgrade", "theirs", str(chart), "--set", "replicas=2")
    assert api(developer).post(f"{path}refresh/").json()["revision"] == 2
    place.helm("uninstall", "theirs")
    observe_cluster(place.cluster.pk)
    assert api(developer).get(path).json()["status"] == "uninstalled"
    assert not Entry.objects.exists()


def test_a_cluster_that_is_down_changes_nothing(db: None, developer: User) -> None:
    cluster = saved_cluster(api_url="https://127.0.0.1:9", allow_private_address=True)
    release = new_helm_release(cluster, "dev")
    observe_cluster(cluster.pk)
    release.refresh_from_db()
    assert (release.status, release.seen_at) == ("deployed", None)


def test_a_record_that_helm_did_not_write_is_told_and_harms_nothing(api: Api, developer: User, place: Place) -> None:
    labels = {"owner": "helm", "name": "odd", "status": "deployed", "version": "1"}
    metadata = {"name": "sh.helm.release.v1.odd.v1", "labels": labels}
    body = {"metadata": metadata, "type": "helm.sh/release.v1", "stringData": {"release": "no base64 at all"}}
    place.kubectl.create(f"/api/v1/namespaces/{place.namespace}/secrets", body)
    observe_cluster(place.cluster.pk)
    (found,) = api(developer).get("/helm-releases/").json()["results"]
    assert found["name"] == "odd" and "sh.helm.release.v1.odd.v1" in found["description"]
    answer = api(developer).get(f"/helm-releases/{found['id']}/history/")
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (502, "helm_storage_unreadable")


def test_what_we_are_at_is_not_overwritten(db: None, place: Place, developer: User) -> None:
    release = new_helm_release(place.cluster, place.namespace, "mine", status="pending-upgrade")
    new_operation(release, by=developer)
    observe_cluster(place.cluster.pk)
    assert HelmRelease.objects.get(pk=release.pk).status == "pending-upgrade"
