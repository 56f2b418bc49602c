"""Other hands in the middle of a canary: undone, never fought over, and refused where the guard is (delivery.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from clusters.access_manifest import guard
from deployments.commands import abort_release, promote_release
from deployments.errors import ReleaseBlocked, ReleaseInvalid
from deployments.models import Release
from deployments.tick import tick
from tests.conftest import until
from tests.scenarios.conftest import Workload
from tests.scenarios.in_place import HALF, at_pause, is_as_before, pods_of, scaled, set_image, sizes, ticked

pytestmark = pytest.mark.slow

Play = Callable[..., Release]
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture
def guarded(web: Workload) -> Iterator[Workload]:
    """`web` in a namespace where the guard is in force."""
    name = f"guard-{uuid4().hex[:8]}"
    policy, binding = guard()
    policy["metadata"]["name"] = binding["metadata"]["name"] = binding["spec"]["policyName"] = name
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": web.target.namespace}}
    policy["spec"]["matchConstraints"]["namespaceSelector"] = chosen
    web.kubectl.create(f"{ADMISSION}/validatingadmissionpolicies", policy)
    web.kubectl.create(f"{ADMISSION}/validatingadmissionpolicybindings", binding)
    yield web
    web.kubectl.delete(f"{ADMISSION}/validatingadmissionpolicybindings/{name}")
    web.kubectl.delete(f"{ADMISSION}/validatingadmissionpolicies/{name}")


@pytest.fixture
def denied(web: Workload) -> Iterator[Workload]:
    """`web` in a namespace whose policy wants every Deployment to be RollingUpdate."""
    name = f"rolling-only-{uuid4().hex[:8]}"
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": web.target.namespace}}
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"], "operations": ["UPDATE"]}
    says = {"expression": "object.spec.strategy.type == 'RollingUpdate'", "message": "only RollingUpdate is allowed"}
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"namespaceSelector": chosen, "resourceRules": [rule]},
            "validations": [says],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    web.kubectl.create(f"{ADMISSION}/validatingadmissionpolicies", policy)
    web.kubectl.create(f"{ADMISSION}/validatingadmissionpolicybindings", binding)
    until(lambda: not try_strategy(web, "Recreate"), seconds=30)
    yield web
    web.kubectl.delete(f"{ADMISSION}/validatingadmissionpolicybindings/{name}")
    web.kubectl.delete(f"{ADMISSION}/validatingadmissionpolicies/{name}")


def try_strategy(web: Workload, kind: str) -> bool:
    """Whether the API server would take this strategy, without storing it."""
    body = {"spec": {"strategy": {"type": kind, "rollingUpdate": None}}}
    answer = web.kubectl.http.patch(
        f"{web.path}?dryRun=All", json=body, headers={"Content-Type": "application/merge-patch+json"}
    )
    return answer.is_success


def resume_by_hand(web: Workload) -> Any:
    """`kubectl rollout resume`."""
    return web.kubectl.http.patch(
        web.path, json={"spec": {"paused": None}}, headers={"Content-Type": "application/merge-patch+json"}
    )


def strategy_by_hand(web: Workload) -> Any:
    body = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": None}}}
    return web.kubectl.http.patch(web.path, json=body, headers={"Content-Type": "application/merge-patch+json"})


def image_by_hand(web: Workload, version: str) -> Any:
    container = {"name": "web", "image": f"registry.shop.example/web:{version}"}
    return web.kubectl.http.patch(
        web.path,
        json={"spec": {"template": {"spec": {"containers": [container]}}}},
        headers={"Content-Type": "application/strategic-merge-patch+json"},
    )


def applied(web: Workload, **spec: Any) -> Any:
    """Server-side apply, as GitOps tools do it."""
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": web.target.workload}, "spec": spec}
    return web.kubectl.http.patch(
        f"{web.path}?fieldManager=argocd-controller&force=true",
        json=body,
        headers={"Content-Type": "application/apply-patch+yaml"},
    )


def test_the_strategy_put_back_is_undone(web: Workload, to_the_end: Play) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))
    tested = pods_of(web, "1.1")

    assert strategy_by_hand(web).is_success
    ticked(release, lambda _now: web.live()["spec"]["strategy"]["type"] == "Recreate")
    ticked(release, lambda _now: sizes(web) == {"1.0": 1, "1.1": 1})

    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message
    until(web.ready)
    assert tested.items() <= pods_of(web, "1.1").items()
    set_image(web, "1.2")


def test_gitops_that_applies_the_number_of_replicas_that_is_there_already_changes_nothing(
    web: Workload, to_the_end: Play
) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))
    held = sizes(web)
    events = release.event_seq

    for _ in range(3):
        assert applied(web, replicas=2).is_success
        tick(release.pk)
    release.refresh_from_db()
    managers = {entry["manager"] for entry in web.live()["metadata"]["managedFields"]}

    assert "argocd-controller" in managers
    assert sizes(web) == held == {"1.0": 1, "1.1": 1}
    assert (release.status, release.reason, release.state["undone"]) == ("paused", "", [])
    assert release.event_seq == events
    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message


def test_another_template_is_undone_and_then_a_person_is_asked(web: Workload, to_the_end: Play) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))

    for _ in range(2):
        assert image_by_hand(web, "1.0").is_success
        ticked(release, lambda _now: web.image() == "1.1")
        assert sizes(web) == {"1.0": 1, "1.1": 1}
    assert image_by_hand(web, "1.0").is_success
    ticked(release, lambda now: now.reason == "Conflict")

    assert release.status == "paused"
    assert "python-httpx" in release.message
    abort_release(release, by=web.developer)
    assert to_the_end(release).status == "aborted", release.message
    until(lambda: web.ready() and web.image() == "1.0")


def test_resumed_by_another_hand_without_the_guard(web: Workload, to_the_end: Play) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))

    assert resume_by_hand(web).is_success
    release = ticked(release, lambda now: now.ended or web.live()["spec"].get("paused") is True)

    if not release.ended:
        abort_release(release, by=web.developer)
        release = to_the_end(release)
    until(web.ready)
    assert len(pods_of(web, web.image())) == 2
    set_image(web, "1.2")


def test_the_guard_refuses_what_would_take_the_old_pods_down_and_lets_us_end_it(
    guarded: Workload, to_the_end: Play
) -> None:
    web, before = guarded, guarded.live()
    release = at_pause(web.deploy("1.1", strategy=HALF))
    old = pods_of(web, "1.0")

    until(lambda: resume_by_hand(web).status_code == 422, seconds=30)
    refused = strategy_by_hand(web)
    assert refused.status_code == 422
    assert "A Slipway release is under way" in refused.text
    scaled(web, 4)
    ticked(release, lambda _now: sizes(web) == {"1.0": 2, "1.1": 2})
    scaled(web, 2)
    ticked(release, lambda _now: sizes(web) == {"1.0": 1, "1.1": 1})

    abort_release(release, by=web.developer)
    assert to_the_end(release).status == "aborted", release.message
    until(web.ready)
    assert set(old) & set(pods_of(web, "1.0"))
    is_as_before(web, before)

    release = at_pause(web.deploy("1.2", strategy=HALF))
    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message


def test_a_deleted_pod_of_the_canary_comes_back(web: Workload, to_the_end: Play) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))
    (name,) = pods_of(web, "1.1")

    web.kubectl.delete(f"/api/v1/namespaces/{web.target.namespace}/pods/{name}")
    until(lambda: len(pods_of(web, "1.1")) == 1 and name not in pods_of(web, "1.1"))

    promote_release(release, by=web.developer)
    assert to_the_end(release).status == "succeeded", release.message


def test_a_deployment_that_is_deleted_ends_the_release(web: Workload) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))

    web.kubectl.delete(web.path)

    def ended() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        return release.ended

    until(ended)
    assert (release.status, release.reason) == ("failed", "Conflict"), release.message


def test_a_namespace_that_is_being_deleted_ends_the_release(web: Workload) -> None:
    release = at_pause(web.deploy("1.1", strategy=HALF))

    web.kubectl.delete(f"/api/v1/namespaces/{web.target.namespace}")
    promote_release(release, by=web.developer)

    def ended() -> bool:
        tick(release.pk)
        release.refresh_from_db()
        return release.ended

    until(ended, seconds=60)
    assert release.status == "failed", release.message
    assert web.target.namespace in release.message


def test_a_policy_that_wants_rolling_updates_is_heard_at_the_plan(denied: Workload) -> None:
    with pytest.raises(ReleaseInvalid) as refused:
        denied.deploy("1.1", strategy=HALF)

    assert "only RollingUpdate is allowed" in str(refused.value.detail)
    assert denied.live()["spec"].get("paused") is None


def test_a_full_quota_is_told_at_the_plan_with_its_numbers(web: Workload) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"pods": "3"}}}
    path = f"/api/v1/namespaces/{web.target.namespace}/resourcequotas"
    web.kubectl.create(path, quota)
    until(lambda: web.kubectl.get(f"{path}/few").get("status", {}).get("used", {}).get("pods") == "2")

    with pytest.raises((ReleaseInvalid, ReleaseBlocked)) as refused:
        web.deploy("1.1", strategy={**HALF, "max_surge": 2, "max_unavailable": 0})

    assert "few: pods 2 > 1" in str(refused.value.detail)
    web.deploy("1.1", strategy={**HALF, "max_surge": 1, "max_unavailable": 0})


@pytest.mark.parametrize("phase", ["Preparing", "Progressing", "Paused", "TakingOver"])
@pytest.mark.parametrize("how", ["abort", "supersede"])
def test_from_every_phase_the_way_back_is_clean(web: Workload, to_the_end: Play, phase: str, how: str) -> None:
    scaled(web, 4)
    until(web.ready)
    before = web.live()
    # A version that does not get ready stays where it is for as long as the test needs.
    version = "1.1" if phase == "Paused" else "1.1-unready"
    steps = [{"set_weight": 50}, {"pause": {}}] if phase != "TakingOver" else [{"set_weight": 100}]
    release = web.deploy(version, strategy={"type": "canary", "steps": steps})
    ticked(release, lambda now: now.phase == phase or (phase == "TakingOver" and now.phase == "Progressing"))

    if how == "abort":
        abort_release(release, by=web.developer)
        assert to_the_end(release).status == "aborted", release.message
    else:
        newer = web.deploy("1.2", supersede=True)
        assert to_the_end(release).status == "superseded", release.message
        assert to_the_end(newer).status == "succeeded", newer.message
    until(web.ready)
    assert web.image() == ("1.0" if how == "abort" else "1.2")
    is_as_before(web, before)
