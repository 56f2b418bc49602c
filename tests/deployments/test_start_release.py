"""Starting a release over REST, against the sandbox's API server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from clusters.models import Observation
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient
from tests.factories.clusters import observed
from tests.factories.deployments import REPOSITORY, end, kinds_of
from tests.kubectl import Kubectl

pytestmark = pytest.mark.sandbox
Api = Callable[..., ApiClient]
Live = tuple[Target, Kubectl]

WISH = {"service": "checkout", "environment": "dev", "image": f"{REPOSITORY}:1.8.0"}


def test_it_is_accepted_and_queued(api: Api, developer: User, live: Live) -> None:
    answer = api(developer).post("/releases/", {**WISH, "reason": "a fix", "commit": "a41f09c"})

    body = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/releases/{body['id']}/"
    assert (body["status"], body["version"], body["from_revision"]) == ("queued", "1.8.0", 1)
    release = Release.objects.get(pk=body["id"])
    assert kinds_of(release) == ["release.start"]
    assert Entry.objects.filter(action="release.start", actor="dev").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_its_plan_has_read_is_kept_whole_for_its_ticks(api: Api, developer: User, live: Live) -> None:
    target, kubectl = live
    namespace = f"/namespaces/{target.namespace}"
    for kind, path in (("ReplicaSet", f"/apis/apps/v1{namespace}/replicasets"), ("Pod", f"/api/v1{namespace}/pods")):
        for one in kubectl.get(path)["items"]:
            observed(target.cluster, {"kind": kind, **one})
    canary = {"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]}

    answer = api(developer).post("/releases/", {**WISH, "strategy": canary})

    assert answer.status_code == 202, answer.json()
    rows = Observation.objects.filter(cluster=target.cluster, namespace=target.namespace)
    assert {row.kind for row in rows if row.whole} == {"Deployment", "ReplicaSet", "Pod"}
    assert all(row.whole for row in rows)


def test_a_dry_run_answers_the_plan_and_makes_nothing(api: Api, developer: User, live: Live) -> None:
    answer = api(developer).post("/releases/?dry_run=true", WISH)

    plan = answer.json()
    assert answer.status_code == 200
    assert f"-    image: {REPOSITORY}:1.7.3" in plan["template_diff"]
    assert f"+    image: {REPOSITORY}:1.8.0" in plan["template_diff"]
    assert plan["steps"] == [
        {"kind": "rolling", "weight": 100, "reachable_weight": 100, "pods": {"stable": 0, "canary": 2}}
    ]
    assert plan["dry_run"]["status"] == "passed"
    assert (plan["refusals"], plan["gates"]) == ([], [])
    assert not Release.objects.exists()


BAD_IMAGES = ("nginx:", "UPPER/case", "a b", "a" * 400, "a:1\n", "", "../../x", "nginx@sha256:12")
BAD_WISHES: list[tuple[dict[str, object], str]] = [
    ({"service": "nothing"}, "/service"),
    ({"environment": "nowhere"}, "/environment"),
    ({"images": {"nobody": "nginx:1"}, "image": None}, "/images/nobody"),
    ({"strategy": "canari"}, "/strategy/type"),
    ({"strategy": {"type": "rolling", "max_surge": "lots"}}, "/strategy/max_surge"),
    ({"strategy": 7}, "/strategy"),
    ({"imgae": "nginx:1"}, "/imgae"),
    ({"image": None}, "/image"),
    ({"images": {"checkout": "nginx:1"}}, "/image"),
    ({"config": {"checkout": {"env": {"A": 1}}}}, "/config/checkout/env"),
    *(({"image": image}, "/image") for image in BAD_IMAGES),
]


def test_a_bad_wish_is_refused_where_it_is_wrong_and_nothing_is_made(api: Api, developer: User, live: Live) -> None:
    caller = api(developer)
    for change, pointer in BAD_WISHES:
        body = {name: value for name, value in {**WISH, **change}.items() if value is not None}

        answer = caller.post("/releases/", body)

        assert answer.status_code == 422, change
        assert pointer in [one["pointer"] for one in answer.json()["errors"] if one["detail"]], change
    assert not Release.objects.exists()


def test_a_workload_that_was_deleted_is_named(api: Api, developer: User, live: Live) -> None:
    target, kubectl = live
    kubectl.delete(f"/apis/apps/v1/namespaces/{target.namespace}/deployments/checkout")

    answer = api(developer).post("/releases/", WISH)

    assert answer.status_code == 422
    assert "checkout" in answer.json()["detail"]
    assert target.namespace in answer.json()["detail"]


def test_a_busy_target_refuses_a_second_one_unless_it_takes_over(api: Api, developer: User, live: Live) -> None:
    first = api(developer).post("/releases/", WISH).json()["id"]

    second = api(developer).post("/releases/", {**WISH, "image": f"{REPOSITORY}:1.9.0"})
    third = api(developer).post("/releases/", {**WISH, "image": f"{REPOSITORY}:1.9.0", "supersede": True})

    assert second.status_code == 409
    assert [(one["kind"], one["id"]) for one in second.json()["blocked_by"]] == [("release", first)]
    assert third.status_code == 202
    assert third.json()["supersedes"] == first


def test_one_whose_outcome_is_known_is_waited_for_without_being_asked(api: Api, developer: User, live: Live) -> None:
    first = api(developer).post("/releases/", WISH).json()["id"]
    Release.objects.filter(pk=first).update(phase="Aborting", status="aborted")

    second = api(developer).post("/releases/", {**WISH, "image": f"{REPOSITORY}:1.9.0"})

    assert (second.status_code, second.json()["status"]) == (202, "queued")
    assert "supersede" not in Release.objects.get(pk=first).asks
    assert not Release.objects.get(pk=second.json()["id"]).holding


def test_the_same_key_starts_one_release(api: Api, developer: User, live: Live) -> None:
    caller = api(developer)
    key = {"HTTP_IDEMPOTENCY_KEY": "pipeline-881"}

    first = caller.post("/releases/", WISH, **key)
    again = caller.post("/releases/", WISH, **key)
    other = caller.post("/releases/", {**WISH, "image": f"{REPOSITORY}:2.0"}, **key)

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert Release.objects.count() == 1


def test_an_answer_that_was_lost_is_given_to_the_same_key(
    api: Api, developer: User, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_about: object) -> None:
        raise SystemExit

    caller = api(developer)
    key = {"HTTP_IDEMPOTENCY_KEY": "pipeline-882"}
    with monkeypatch.context() as patched:
        patched.setattr("deployments.api.releases.release_accepted", dies)
        with pytest.raises(SystemExit):
            caller.post("/releases/", WISH, **key)
    made = Release.objects.get()

    again = caller.post("/releases/", WISH, **key)
    third = caller.post("/releases/", WISH, **key)

    assert (again.status_code, again.json()["id"]) == (202, str(made.pk))
    assert (third.json(), third["Idempotency-Replayed"]) == (again.json(), "true")
    assert Release.objects.count() == 1


def test_who_may_only_look_and_who_may_not_even_that(api: Api, viewer: User, stranger: User, live: Live) -> None:
    refused = api(viewer).post("/releases/", WISH)
    unknown = api(stranger).post("/releases/", WISH)

    assert (refused.status_code, refused.json()["permission"]) == (403, "release.start")
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "/service"
    assert not Release.objects.exists()


def test_one_that_failed_is_tried_again_as_a_new_one(api: Api, developer: User, live: Live) -> None:
    first = Release.objects.get(pk=api(developer).post("/releases/", WISH).json()["id"])
    end(first, "Failed")

    answer = api(developer).post(f"/releases/{first.pk}/retry/")

    assert answer.status_code == 202
    assert answer.json()["retry_of"] == str(first.pk)
    assert answer["Location"] == f"/api/v1/releases/{answer.json()['id']}/" != f"/api/v1/releases/{first.pk}/"
    assert answer.json()["images"] == {"checkout": f"{REPOSITORY}:1.8.0"}
