"""What a tick sees of traffic by the watcher's rows: Services of its pods, their slices, and when it looks live."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from clusters.models import Observation
from deployments.engine.decision import State
from deployments.engine.json import Json
from deployments.engine.workload import EPOCH, PORTAL, RELEASE
from deployments.models import Release, portal_key
from deployments.observe import observe
from durable.clock import database_time
from services.models import Target
from tests.factories.clusters import observed, watched_now
from tests.factories.deployments import new_blue_green
from tests.factories.services import deployment_as_seen


def obj(kind: str, name: str, version: int = 7, **parts: Any) -> Json:
    metadata = {"name": name, "namespace": "dev", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"kind": kind, "metadata": {**metadata, **parts.pop("metadata", {})}, **parts}


def slice_of(service: str) -> Json:
    labels = {"kubernetes.io/service-name": service}
    return obj("EndpointSlice", f"{service}-x", metadata={"labels": labels}, endpoints=[])


@pytest.fixture
def release(target: Target, developer: User, valkey: object) -> Release:
    """A blue-green release whose workload, Services and slices the watcher keeps whole; no cluster answers."""
    release = new_blue_green(target, by=developer)
    claim = {PORTAL: portal_key(), RELEASE: str(release.pk), EPOCH: str(release.epoch)}
    deployment = deployment_as_seen("checkout", "dev", "", labels=claim)
    deployment["spec"]["template"] = release.template_to
    cluster = target.cluster
    observed(cluster, deployment, whole=True)
    for name, selector in (
        ("checkout", {"app": "checkout", "pod-template-hash": "old"}),
        ("checkout-preview", {"app": "checkout", "pod-template-hash": "new"}),
        ("basket", {"app": "basket"}),
        ("all", {}),
    ):
        observed(cluster, obj("Service", name, spec={"selector": selector}), whole=True)
        observed(cluster, slice_of(name), whole=True)
    watched_now(cluster)
    return release


def look(release: Release, **written: Json) -> Any:
    state = State(phase="Progressing", written={key.replace("_", "/"): one for key, one in written.items()})
    return observe(release, state, database_time(), lambda: None)


def test_services_that_pick_the_pods_are_seen_with_their_slices(release: Release) -> None:
    seen = look(release)

    assert not seen.unreachable
    assert not seen.live
    assert [one["metadata"]["name"] for one in seen.services] == ["checkout", "checkout-preview"]
    assert [one["metadata"]["name"] for one in seen.endpoint_slices] == ["checkout-preview-x", "checkout-x"]
    assert {one["kind"] for one in (*seen.services, *seen.endpoint_slices)} == {"Service", "EndpointSlice"}
    assert seen.autoscaler is None


@pytest.mark.parametrize("name", ["checkout", "checkout-x"])
def test_rows_that_are_not_kept_whole_are_not_trusted(release: Release, name: str) -> None:
    Observation.objects.filter(name=name, kind__in=("Service", "EndpointSlice")).update(whole=None)

    assert look(release).live


def test_a_service_older_than_our_own_write_is_not_trusted(release: Release) -> None:
    at = database_time().isoformat()

    assert not look(release, Service_checkout={"resource_version": 7, "at": at}).live
    assert look(release, Service_checkout={"resource_version": 8, "at": at}).live


def test_an_autoscaler_is_read_whole_where_there_is_one(release: Release) -> None:
    aim = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"}, "maxReplicas": 5}
    observed(release.target.cluster, obj("HorizontalPodAutoscaler", "checkout", spec=aim))

    # Rows keep no metrics of it, so the cluster is asked; nobody answers here, which is not taken for "none".
    assert look(release).unreachable
