"""What a look at a release costs the database: most looks find nothing new, and there are many."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from clusters.models import Observation
from deployments.engine.json import Json
from deployments.engine.workload import EPOCH, PORTAL, RELEASE
from deployments.models import Release, portal_key
from deployments.queries import release_list
from deployments.tick import tick
from services.models import Target
from tests.factories.clusters import observed, watched_now
from tests.factories.deployments import checkout_target, new_release
from tests.factories.services import deployment_as_seen

# Take the lease; row and clock; all that is kept of the workload; when to look again; give back.
IDLE = 5
PODS = 5


@pytest.fixture
def rolling(target: Target, developer: User, valkey: object) -> Release:
    """A release in the middle of its rollout, watched: three of five new Pods are ready."""
    release = new_release(target, by=developer)
    claim = {PORTAL: portal_key(), RELEASE: str(release.pk), EPOCH: str(release.epoch)}
    deployment = deployment_as_seen("checkout", "dev", "", desired=PODS, updated=3, ready=3, labels=claim)
    deployment["spec"]["template"] = release.template_to
    observed(target.cluster, deployment, whole=True)
    new = _owned("ReplicaSet", "checkout-new", deployment, spec={"replicas": 3, "template": release.template_to})
    observed(target.cluster, new, whole=True)
    for number in range(3):
        observed(target.cluster, _owned("Pod", f"checkout-new-{number}", new, spec={"containers": []}), whole=True)
    watched_now(target.cluster)
    Release.objects.filter(pk=release.pk).update(workload_uid=deployment["metadata"]["uid"])
    return release


def _owned(kind: str, name: str, owner: Json, **parts: Json) -> Json:
    reference = {"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    metadata = {"name": name, "namespace": "dev", "uid": f"uid-{name}", "resourceVersion": "7"}
    return {"kind": kind, "metadata": {**metadata, "ownerReferences": [{**reference, "controller": True}]}, **parts}


def test_a_look_that_finds_nothing_new_writes_only_when_to_look_again(
    rolling: Release, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tick(rolling.pk)
    before = Release.objects.get(pk=rolling.pk)
    with django_assert_num_queries(IDLE):
        tick(rolling.pk)
    after = Release.objects.get(pk=rolling.pk)
    assert after.phase == "Progressing"
    assert (after.version, after.state) == (before.version, before.state)
    assert after.wake_at is not None and before.wake_at is not None and after.wake_at >= before.wake_at


def test_what_a_look_asks_does_not_grow_with_the_pods(
    rolling: Release, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    owner = Observation.objects.get(name="checkout-new").whole or {}
    for number in range(3, 30):
        observed(rolling.target.cluster, _owned("Pod", f"checkout-new-{number}", owner, spec={}), whole=True)
    tick(rolling.pk)
    with django_assert_num_queries(IDLE):
        tick(rolling.pk)


def test_a_list_of_releases_reads_no_template(
    target: Target, admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for environment in ("staging", "prod"):
        new_release(checkout_target(target.team, environment), phase="Succeeded")
    with django_assert_num_queries(1):
        rows = list(release_list(admin))
        assert [row.label for row in rows] == ["1.8.0", "1.8.0"]
        assert all(row.from_revision and row.from_revision.label for row in rows)
    big = {"template_from", "template_to"}
    assert all(big <= row.get_deferred_fields() for row in rows)
