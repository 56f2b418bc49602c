"""A release that somebody's interrupted operation left pending is shown, refused, and recovered on confirmation."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from accounts.models import Team, User
from audit.models import Entry
from charts.observing import observe_cluster
from tests.callers import ApiClient
from tests.charts.archives import web_chart
from tests.charts.conftest import Place, carried_out
from tests.conftest import until
from tests.factories.charts import new_upload

Api = Callable[..., ApiClient]
# A hook that never ends keeps Helm waiting while the release is pending.
ENDLESS = """apiVersion: batch/v1
kind: Job
metadata:
  name: endless
  annotations: {helm.sh/hook: "pre-install,pre-upgrade"}
spec:
  template:
    metadata:
      annotations: {sandbox.slipway.dev/behaviour: unready}
    spec:
      restartPolicy: Never
      nodeSelector: {no-such: node}
      containers: [{name: wait, image: "example.com/wait:v1"}]
"""


def interrupted(place: Place, tmp_path: Path, name: str = "theirs") -> None:
    """A release that Helm left pending, because it was killed."""
    chart = tmp_path / "endless.tgz"
    chart.write_bytes(web_chart(files={"templates/hook.yaml": ENDLESS}))
    helm = subprocess.Popen(
        place.command("install", name, str(chart)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: "endless" in place.objects("apis/batch/v1/jobs"))
    finally:
        helm.kill()
        helm.wait()


def test_it_is_shown_refused_and_recovered(
    api: Api, developer: User, viewer: User, payments: Team, place: Place, tmp_path: Path
) -> None:
    interrupted(place, tmp_path)
    observe_cluster(place.cluster.pk)
    (found,) = api(developer).get("/helm-releases/").json()["results"]
    path = f"/helm-releases/{found['id']}/"
    assert found["status"] == "pending-install"
    new_upload(payments)
    for refused in (api(developer).patch(path, {"chart": "uploads/web"}), api(developer).delete(path)):
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "helm_release_pending")

    assert api(viewer).post(f"{path}recover/", {"revision": 1}).status_code == 403
    assert api(developer).post(f"{path}recover/", {"revision": 2}).status_code == 409
    recovered = api(developer).post(f"{path}recover/", {"revision": 1})
    assert (recovered.status_code, recovered.json()["status"]) == (200, "failed"), recovered.content
    assert place.helm_json("history", "theirs")[0]["status"] == "failed"
    entry = Entry.objects.get(action="helm_release.recover")
    assert (entry.before["status"], entry.after["status"]) == ("pending-install", "failed")
    assert carried_out(api(developer).patch(path, {"chart": "uploads/web"})).state == "succeeded"
    assert place.helm_json("list")[0]["revision"] == "2"


def test_an_install_into_a_pending_name_is_refused(
    api: Api, developer: User, payments: Team, place: Place, tmp_path: Path
) -> None:
    """Even before it was seen: the worker looks at Helm's storage first."""
    interrupted(place, tmp_path, "web")
    new_upload(payments)
    operation = carried_out(api(developer).post("/helm-releases/", place.wish()))
    assert operation.state == "failed" and "pending-install" in operation.problem
    assert place.helm_json("history", "web")[0]["status"] == "pending-install"
