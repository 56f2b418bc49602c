"""Blue-green on the sandbox's real API server and controller manager (delivery.md, Blue-green)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deployments.commands import abort_release, promote_release
from deployments.models import Release
from deployments.tick import tick
from tests.conftest import until
from tests.scenarios.conftest import Workload
from tests.scenarios.endpoints import Watched, ready_pods, serve, service, service_names, versions

pytestmark = pytest.mark.slow

Play = Callable[..., Release]
PlayTo = Callable[..., Release]
QUICK: dict[str, Any] = {"type": "blue_green", "scale_down_delay_seconds": 1, "abort_scale_down_delay_seconds": 1}


def as_it_was(web: Workload, before: dict[str, Any]) -> bool:
    """The Service is to the byte what it was, but for what the API server counts, and no other is there."""
    now = service(web)
    for one in (now, before):
        for name in ("resourceVersion", "managedFields", "generation"):
            one["metadata"].pop(name, None)
    return now == before and service_names(web) == {"web"}


def until_switched(web: Workload, release: Release) -> None:
    def switched() -> bool:
        tick(release.pk)
        return versions(web) == {"1.1"}

    until(switched, seconds=30)


def test_the_pods_that_were_tested_serve_and_the_service_is_never_short(
    web: Workload, until_phase: PlayTo, to_the_end: Play, sandbox_cluster: Any
) -> None:
    serve(web)
    before = service(web)
    with Watched(web, sandbox_cluster.kubeconfig) as watched:
        release = until_phase(web.deploy("1.1", strategy=QUICK), "Paused")
        assert release.status == "paused"
        assert versions(web) == {"1.0"}
        assert versions(web, "web-preview") == {"1.1"}
        tested = ready_pods(web.kubectl, web.target.namespace, "web-preview")

        promote_release(release, by=web.developer)
        release = to_the_end(release)

    assert (release.status, release.reason) == ("succeeded", "")
    assert watched.looks > 10
    assert watched.fewest >= 4
    assert ready_pods(web.kubectl, web.target.namespace, "web") == tested
    assert as_it_was(web, before)
    assert web.image() == "1.1"
    assert not web.live()["spec"].get("paused")
    assert web.live()["spec"]["strategy"]["type"] == "RollingUpdate"
    web.kubectl.patch(web.path, image("1.2"))
    until(lambda: web.ready() and versions(web) == {"1.2"})


def test_after_the_switch_an_abort_leads_back_to_the_very_pods_of_before(
    web: Workload, until_phase: PlayTo, to_the_end: Play, sandbox_cluster: Any
) -> None:
    serve(web)
    before, pods = service(web), ready_pods(web.kubectl, web.target.namespace, "web")
    with Watched(web, sandbox_cluster.kubeconfig) as watched:
        release = until_phase(web.deploy("1.1", strategy={**QUICK, "scale_down_delay_seconds": 600}), "Paused")
        promote_release(release, by=web.developer)
        until_switched(web, release)
        abort_release(release, by=web.developer)
        tick(release.pk)
        until(lambda: ready_pods(web.kubectl, web.target.namespace, "web") == pods)
        release = to_the_end(release)

    assert (release.status, release.reason) == ("aborted", "AbortedByUser")
    assert watched.fewest >= 4
    assert ready_pods(web.kubectl, web.target.namespace, "web") == pods
    assert web.image() == "1.0"
    assert as_it_was(web, before)


def test_a_preview_of_one_pod_grows_before_the_switch(
    web: Workload, until_phase: PlayTo, to_the_end: Play, sandbox_cluster: Any
) -> None:
    serve(web)
    with Watched(web, sandbox_cluster.kubeconfig) as watched:
        release = until_phase(web.deploy("1.1", strategy={**QUICK, "preview_replicas": 1}), "Paused")
        assert len(ready_pods(web.kubectl, web.target.namespace, "web-preview")) == 1
        promote_release(release, by=web.developer)
        assert to_the_end(release).status == "succeeded"

    assert watched.fewest >= 4


def test_a_version_that_cannot_run_never_serves(web: Workload, to_the_end: Play, sandbox_cluster: Any) -> None:
    serve(web)
    before = service(web)
    with Watched(web, sandbox_cluster.kubeconfig) as watched:
        release = to_the_end(web.deploy("1.1-crash", strategy=QUICK), seconds=90)

    assert (release.status, release.reason) == ("failed", "CrashLoopBackOff")
    assert watched.fewest >= 4
    assert as_it_was(web, before)


@pytest.mark.parametrize("hand", ["unpinned", "relabelled", "preview deleted", "scaled"])
def test_what_other_hands_do_meanwhile_is_undone_or_followed(
    web: Workload, until_phase: PlayTo, to_the_end: Play, hand: str
) -> None:
    serve(web)
    release = until_phase(web.deploy("1.1", strategy=QUICK), "Paused")
    services = f"/api/v1/namespaces/{web.target.namespace}/services"
    if hand == "unpinned":
        web.kubectl.patch(f"{services}/web", {"spec": {"selector": {"pod-template-hash": None}}})
        until(lambda: versions(web) == {"1.0", "1.1"})
    elif hand == "relabelled":
        web.kubectl.patch(f"{services}/web", {"metadata": {"annotations": {"note": "by hand"}}})
    elif hand == "preview deleted":
        web.kubectl.delete(f"{services}/web-preview")
    else:
        web.kubectl.patch(web.path, {"spec": {"replicas": 5}})
    tick(release.pk)
    until(lambda: tick(release.pk) or versions(web) == {"1.0"})
    until(lambda: tick(release.pk) or versions(web, "web-preview") == {"1.1"})

    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded"

    assert service_names(web) == {"web"}
    assert service(web)["spec"]["selector"] == {"app": "web"}
    assert len(ready_pods(web.kubectl, web.target.namespace, "web")) == (5 if hand == "scaled" else 4)


def image(version: str) -> dict[str, Any]:
    container = {"name": "web", "image": f"registry.shop.example/web:{version}"}
    return {"spec": {"template": {"spec": {"containers": [container]}}}}
