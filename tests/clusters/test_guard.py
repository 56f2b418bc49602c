"""Installing and removing the guard of releases in place, by REST and by the button."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from audit.models import Entry
from clusters.access_manifest import guard
from clusters.commands import guard as command
from clusters.commands.register import register_cluster
from clusters.commands.source import Source
from clusters.models import Cluster
from tests.callers import ApiClient, PageClient
from tests.kubectl import Kubectl

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"


@pytest.fixture
def here(sandbox_cluster: Any, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Kubectl, str]]:
    """The guard under a name of its own, in force in one namespace only: other tests share the cluster."""
    name = f"guard-{uuid4().hex[:8]}"
    policy, binding = guard()
    policy["metadata"]["name"] = binding["metadata"]["name"] = binding["spec"]["policyName"] = name
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy["spec"]["matchConstraints"]["namespaceSelector"] = chosen
    monkeypatch.setattr(command, "guard", lambda: (policy, binding))
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        yield kubectl, f"{BINDINGS}/{name}"
        kubectl.delete(f"{BINDINGS}/{name}")
        kubectl.delete(f"{POLICIES}/{name}")


@pytest.fixture
def home(db: None, sandbox_cluster: Any, valkey: Any, here: object) -> Cluster:
    source = Source(kubeconfig=Path(sandbox_cluster.kubeconfig).read_text(), allow_private_address=True)
    return register_cluster(None, "home", source)[0]


def test_it_is_seen_at_registration_installed_and_removed(
    api: Callable[..., ApiClient], admin: User, home: Cluster, here: tuple[Kubectl, str]
) -> None:
    kubectl, path = here
    assert home.capabilities["guard"] is False

    for _ in range(2):
        answer = api(admin).put("/clusters/home/guard/")
        assert (answer.status_code, answer.json()["capabilities"]["guard"]) == (200, True), answer.content
    assert kubectl.exists(path)
    assert api(admin).post("/clusters/home/refresh/").json()["capabilities"]["guard"] is True

    for _ in range(2):
        answer = api(admin).delete("/clusters/home/guard/")
        assert (answer.status_code, answer.json()["capabilities"]["guard"]) == (200, False), answer.content
    assert not kubectl.exists(path)
    assert Entry.objects.filter(action="cluster.guard").count() == 4


def test_the_button_does_the_same_and_is_off_for_others(
    web_client: Callable[[User], PageClient], admin: User, home: Cluster, here: tuple[Kubectl, str]
) -> None:
    browser = web_client(admin)
    assert "Install the guard" in browser.get("/clusters/home/").content.decode()

    assert browser.post("/clusters/home/guard/", {"do": "install"}).status_code == 303

    assert here[0].exists(here[1])
    assert "Remove the guard" in browser.get("/clusters/home/").content.decode()


def test_only_admins_may(api: Callable[..., ApiClient], maintainer: User, home: Cluster) -> None:
    assert api(maintainer).put("/clusters/home/guard/").status_code in (403, 404)
