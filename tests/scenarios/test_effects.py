"""Writes as they are sent to a real API server: each may come twice, and none takes over what is another's."""

from __future__ import annotations

from typing import Any

from deployments.effects import perform
from deployments.engine.decision import Write
from deployments.engine.workload import EPOCH, PORTAL, RELEASE
from deployments.models import Release, portal_key
from deployments.observe import look_live
from deployments.observe_traffic import Wanted
from tests.scenarios.conftest import Workload


def preview(release: Release, **changes: Any) -> dict[str, Any]:
    """A Service of the release's own, as it is made."""
    labels = {PORTAL: portal_key(), RELEASE: str(release.pk), EPOCH: "1"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web-preview", "labels": labels},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}], **changes},
    }


def path(web: Workload) -> str:
    return f"/api/v1/namespaces/{web.target.namespace}/services/web-preview"


def test_a_create_that_comes_twice_makes_one_object(web: Workload) -> None:
    release = web.deploy("1.1")
    write = Write("make", kind="Service", name="web-preview", verb="create", body=preview(release))

    first, second = perform(release, write), perform(release, write)

    assert (first.kind, second.kind) == ("done", "done")
    assert first.obj and second.obj
    assert first.obj["metadata"]["uid"] == second.obj["metadata"]["uid"]


def test_an_object_of_that_name_that_is_not_ours_is_left_alone(web: Workload) -> None:
    release = web.deploy("1.1")
    foreign = preview(release) | {"metadata": {"name": "web-preview"}}
    web.kubectl.create(path(web).rpartition("/")[0], foreign)

    for verb in ("create", "apply"):
        write = Write("make", kind="Service", name="web-preview", verb=verb, body=preview(release))
        outcome = perform(release, write)
        assert (outcome.kind, outcome.refused and outcome.refused["moved"]) == ("refused", True)
        assert "web-preview" in outcome.words

    assert "labels" not in web.kubectl.get(path(web))["metadata"]


def test_an_apply_changes_the_object_that_it_made_and_makes_no_second_one(web: Workload) -> None:
    release = web.deploy("1.1")
    made = perform(release, Write("make", kind="Service", name="web-preview", verb="apply", body=preview(release)))
    assert made.obj
    uid = made.obj["metadata"]["uid"]
    changed = preview(release, selector={"app": "web", "pod-template-hash": "abc"})
    again = Write("turn", kind="Service", name="web-preview", verb="apply", body=changed, uid=uid)

    assert perform(release, again).kind == "done"
    assert web.kubectl.get(path(web))["spec"]["selector"]["pod-template-hash"] == "abc"

    web.kubectl.delete(path(web))
    outcome = perform(release, again)
    assert (outcome.kind, outcome.refused and outcome.refused["moved"]) == ("refused", True)
    assert not web.kubectl.exists(path(web))


def test_a_delete_takes_only_the_object_of_its_uid_and_may_come_twice(web: Workload) -> None:
    release = web.deploy("1.1")
    made = perform(release, Write("make", kind="Service", name="web-preview", verb="apply", body=preview(release)))
    assert made.obj
    delete = Write("away", kind="Service", name="web-preview", verb="delete", uid=made.obj["metadata"]["uid"])

    other = Write("away", kind="Service", name="web-preview", verb="delete", uid="00000000-dead-0000-0000-000000000000")
    assert perform(release, other).kind == "refused"
    assert web.kubectl.exists(path(web))
    assert [perform(release, delete).kind for _ in range(2)] == ["done", "done"]
    assert not web.kubectl.exists(path(web))


def test_the_services_that_pick_its_pods_are_seen_with_their_endpoints(web: Workload) -> None:
    release = web.deploy("1.1")
    base = path(web).rpartition("/")[0]
    web.kubectl.create(base, preview(release) | {"metadata": {"name": "web"}})
    web.kubectl.create(base, preview(release, selector={"app": "other"}) | {"metadata": {"name": "other"}})
    place = (web.target.cluster, web.target.namespace, web.target.workload)

    seen = look_live(*place, wanted=Wanted(services=True, routes=("Ingress", "HTTPRoute"), autoscaler=True))

    assert [one["metadata"]["name"] for one in seen.services] == ["web"]
    assert seen.services[0]["kind"] == "Service"
    assert {one["metadata"]["labels"]["kubernetes.io/service-name"] for one in seen.endpoint_slices} <= {"web"}
