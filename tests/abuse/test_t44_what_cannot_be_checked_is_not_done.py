"""T44: admission or the cluster cannot be asked: a deploy is refused with the reason, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from accounts.models import User
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient
from tests.conftest import until
from tests.deployments.conftest import live
from tests.factories.deployments import REPOSITORY, checkout_target
from tests.factories.registered import new_grant
from tests.kubectl import Kubectl

__all__ = ["live"]

Live = tuple[Target, Kubectl]
WISH = {"service": "checkout", "environment": "dev", "image": f"{REPOSITORY}:1.8.0"}
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


@pytest.fixture
def admission_down(live: Live) -> Iterator[None]:
    """A webhook that must be asked about Deployments of this namespace, and that nobody answers for."""
    target, kubectl = live
    name = f"{target.namespace}.slipway.dev"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"], "operations": ["UPDATE"]}
    hook = {
        "name": name,
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": target.namespace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }
    kubectl.create(HOOKS, body)
    try:
        yield
    finally:
        kubectl.delete(f"{HOOKS}/{name}")


@pytest.mark.sandbox
def test_t44_a_webhook_that_is_down_refuses_the_release(
    live: Live, admission_down: None, api: Callable[..., ApiClient], developer: User
) -> None:
    caller = api(developer)
    # The API server takes a moment to hear of a new webhook.
    until(lambda: caller.post("/releases/?dry_run=true", WISH).json()["refusals"])

    answer = caller.post("/releases/", WISH)

    assert answer.status_code == 422
    assert "webhook" in answer.json()["detail"]
    assert not Release.objects.exists()


def test_t44_a_cluster_that_is_gone_refuses_the_release(api: Callable[..., ApiClient], developer: User) -> None:
    team = developer.memberships.get().team
    new_grant(team, checkout_target(team, "dev").cluster)

    answer = api(developer).post("/releases/", WISH)

    assert answer.status_code == 409
    assert [one["kind"] for one in answer.json()["blocked_by"]] == ["cluster"]
    assert answer.json()["next"]
    assert not Release.objects.exists()
