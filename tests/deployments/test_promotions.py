"""Promotions: what runs in one environment is released to the next, by digest where the pods report one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.models import Release
from deployments.running_images import images_to_promote
from services.models import Target
from tests.callers import ApiClient
from tests.conftest import until
from tests.factories.deployments import REPOSITORY, checkout_target, new_release
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]
Live = tuple[Target, Kubectl]
DIGEST = "sha256:" + "a" * 64
WISH = {"service": "checkout", "from": "dev", "to": "staging"}


@pytest.fixture
def staging(live: Live) -> Target:
    """The same service in staging: another workload of the same namespace, older, with another container name."""
    dev, kubectl = live
    path = f"/apis/apps/v1/namespaces/{dev.namespace}/deployments"
    kubectl.create(path, deployment("checkout-staging", f"{REPOSITORY}:1.6.0"))
    return checkout_target(
        dev.service.team, "staging", cluster=dev.cluster, namespace=dev.namespace, workload="checkout-staging",
        container="checkout-staging",
    )  # fmt: skip


def test_what_runs_in_dev_is_released_to_staging(api: Api, developer: User, staging: Target) -> None:
    answer = api(developer).post("/promotions/", WISH)

    assert answer.status_code == 202, answer.content
    release = Release.objects.get(pk=answer.json()["id"])
    assert release.target == staging
    assert release.images["checkout-staging"].startswith(f"{REPOSITORY}:1.7.3")
    assert "from dev to staging" in release.events.get(seq=1).message
    (entry,) = Entry.objects.filter(object_id=str(release.pk))
    assert (entry.action, entry.actor) == ("release.start", "dev")


def test_while_something_is_released_there_it_is_refused(
    api: Api, developer: User, live: Live, staging: Target
) -> None:
    active = new_release(live[0])

    answer = api(developer).post("/promotions/", WISH)

    assert answer.status_code == 409
    assert answer.json()["blocked_by"][0]["id"] == str(active.pk)


def test_where_nothing_runs_it_is_refused(api: Api, developer: User, live: Live, staging: Target) -> None:
    target, kubectl = live
    path = f"/apis/apps/v1/namespaces/{target.namespace}/deployments/{target.workload}"
    kubectl.patch(path, {"spec": {"replicas": 0}})
    until(lambda: not kubectl.get(path)["status"].get("replicas"))

    def refused() -> bool:
        answer = api(developer).post("/promotions/", WISH)
        return answer.status_code == 409 and answer.json()["blocked_by"][0]["kind"] == "nothing_runs"

    until(refused)
    assert not Release.objects.exists()


def test_bad_wishes(api: Api, developer: User, viewer: User, stranger: User, staging: Target) -> None:
    assert api(developer).post("/promotions/", {**WISH, "to": "dev"}).status_code == 422
    assert api(developer).post("/promotions/", {**WISH, "to": "mars"}).status_code == 422
    assert api(developer).post("/promotions/", {"service": "checkout", "to": "staging"}).status_code == 422
    assert api(viewer).post("/promotions/", WISH).status_code == 403
    assert api(stranger).post("/promotions/", WISH).status_code == 422


def pod(image_id: str, *, is_ready: bool = True) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "checkout"}},
        "spec": {"containers": [{"name": "checkout", "image": f"{REPOSITORY}:1.7.3"}]},
        "status": {
            "conditions": [{"type": "Ready", "status": str(is_ready)}],
            "containerStatuses": [{"name": "checkout", "imageID": image_id}],
        },
    }


@pytest.mark.parametrize(
    ("image_ids", "image"),
    [
        ([f"{REPOSITORY}@{DIGEST}"] * 2, f"{REPOSITORY}:1.7.3@{DIGEST}"),
        ([f"docker-pullable://{REPOSITORY}@{DIGEST}"], f"{REPOSITORY}:1.7.3@{DIGEST}"),
        (["", ""], f"{REPOSITORY}:1.7.3"),
        ([f"{REPOSITORY}@{DIGEST}", f"{REPOSITORY}@sha256:{'b' * 64}"], f"{REPOSITORY}:1.7.3"),
        (["sha256:abc"], f"{REPOSITORY}:1.7.3"),
    ],
)
def test_the_digest_is_the_one_that_all_ready_pods_report(image_ids: list[str], image: str) -> None:
    source = deployment("checkout", f"{REPOSITORY}:1.7.3")
    pods = [*(pod(one) for one in image_ids), pod(f"{REPOSITORY}@sha256:{'c' * 64}", is_ready=False)]

    assert images_to_promote(source, pods, "", source["spec"]["template"], Target()) == {"checkout": image}
