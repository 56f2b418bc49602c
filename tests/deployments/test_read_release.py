"""One release over REST: the fields of the contract, and who may read it."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from deployments.engine.decision import Counts
from services.models import Target
from tests.callers import ApiClient
from tests.factories.deployments import REPOSITORY, new_release, pulled_badly

Api = Callable[..., ApiClient]

CONTRACT = {
    "id",
    "service",
    "environment",
    "cluster",
    "namespace",
    "workload",
    "strategy",
    "status",
    "phase",
    "reason",
    "message",
    "from_revision",
    "to_revision",
    "images",
    "step_index",
    "steps",
    "weight",
    "stable",
    "canary",
    "gates",
    "analysis",
    "created_by",
    "created_at",
    "started_at",
    "finished_at",
    "links",
}


def test_it_has_every_field_of_the_contract(api: Api, viewer: User, developer: User, target: Target) -> None:
    release = new_release(target, by=developer, counts=Counts(desired=4, new=2, new_ready=1, old=3, old_ready=3))

    body = api(viewer).get(f"/releases/{release.pk}/").json()

    assert set(body) >= CONTRACT
    assert (body["service"], body["environment"], body["created_by"]) == ("checkout", "dev", "dev")
    assert [(step["kind"], step["status"], step["weight"]) for step in body["steps"]] == [("rolling", "running", 100)]
    assert body["weight"] == {"desired": 100, "actual": 25}
    assert body["stable"] == {
        "ready": 3,
        "desired": 3,
        "images": {"checkout": f"{REPOSITORY}:1.7.3"},
        "revision": 1,
    }
    assert body["canary"]["images"] == {"checkout": f"{REPOSITORY}:1.8.0"}
    assert body["links"]["wait"].endswith(f"/api/v1/releases/{release.pk}/wait/")
    assert body["links"]["ui"].endswith(f"/releases/{release.pk}/")


def test_a_failed_one_says_why_with_the_proof(api: Api, viewer: User, target: Target) -> None:
    release = new_release(target, "1.9.0", phase="Failed", state=pulled_badly())

    body = api(viewer).get(f"/releases/{release.pk}/").json()

    assert (body["status"], body["reason"]) == ("failed", "ImagePullFailed")
    assert "cannot be pulled" in body["message"]
    assert body["evidence"]["name"] == "checkout-77-x"
    assert body["weight"]["desired"] == 0


def test_its_tag_counts_edits_by_people_not_ticks(api: Api, viewer: User, target: Target) -> None:
    release = new_release(target)
    before = api(viewer).get(f"/releases/{release.pk}/")["ETag"]
    type(release).objects.filter(pk=release.pk).update(version=99)

    assert api(viewer).get(f"/releases/{release.pk}/")["ETag"] == before


def test_another_team_finds_nothing(api: Api, stranger: User, target: Target) -> None:
    release = new_release(target)

    answer = api(stranger).get(f"/releases/{release.pk}/")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_the_timeline_comes_in_order_and_in_portions(api: Api, viewer: User, target: Target) -> None:
    from deployments.engine.decision import Said, Sentence

    said = [Said("checks.pass", Sentence("checks_passed", {})), Said("release.pause", Sentence("conflict_free", {}))]
    release = new_release(target, said=said)

    first = api(viewer).get(f"/releases/{release.pk}/events/?limit=2").json()
    rest = api(viewer).get(first["next"]).json()

    assert [one["seq"] for one in first["results"] + rest["results"]] == [1, 2, 3]
    assert first["results"][0]["kind"] == "release.start"
    assert "started by slipway" in first["results"][0]["message"]
    assert (first["count"], rest["next"]) == (3, None)


def test_a_strange_number_of_an_event_is_refused(api: Api, viewer: User, target: Target) -> None:
    release = new_release(target)

    for text in ("x", "-1", "1e3", "99999999999999"):
        assert api(viewer).get(f"/releases/{release.pk}/events/?after={text}").status_code == 400
