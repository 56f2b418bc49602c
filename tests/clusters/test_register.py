"""Registering a cluster: checked step by step against a real API server before anything is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from accounts.models import User
from audit.models import Entry
from clusters.access_manifest import RULES, access_manifest
from clusters.commands.announce import announce_cluster
from clusters.commands.check import STEPS
from clusters.commands.register import check_cluster, register_cluster
from clusters.commands.source import Source
from clusters.connection import connect, paths
from clusters.connection.kubeconfig import read_kubeconfig
from clusters.errors import ClusterRefused
from clusters.models import Cluster, ClusterCredential
from tests.callers import ApiClient
from tests.clusters.tls_server import Authority, Server
from tests.factories.registered import sandbox_source, saved_cluster
from tests.kubectl import Kubectl
from web.errors import Conflict, Invalid, NotPermitted

pytestmark = pytest.mark.django_db
Api = Callable[..., ApiClient]


@pytest.fixture
def account(sandbox_cluster: Any) -> Iterator[Callable[..., Source]]:
    """`account(lacking="patch deployments.apps")`: a ServiceAccount of our own manifest, maybe with a right less."""
    kubectl = Kubectl(sandbox_cluster.kubeconfig)
    given: list[str] = []

    def make(lacking: str = "") -> Source:
        name = f"slipway-{uuid4().hex[:8]}"
        given.append(name)
        for document in yaml.safe_load_all(access_manifest()):
            document["metadata"]["name"] = name
            if document["kind"] == "Namespace":
                kubectl.create("/api/v1/namespaces", document)
            elif document["kind"] == "ServiceAccount":
                document["metadata"]["namespace"] = name
                kubectl.create(f"/api/v1/namespaces/{name}/serviceaccounts", document)
            elif document["kind"] == "ClusterRole":
                document["rules"] = [_without(rule, lacking) for rule in document["rules"]]
                kubectl.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", document)
            else:
                document["roleRef"]["name"] = name
                document["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": name}]
                kubectl.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", document)
        path = f"/api/v1/namespaces/{name}/serviceaccounts/{name}/token"
        token = kubectl.create(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
        found = read_kubeconfig(Path(sandbox_cluster.kubeconfig).read_text())
        return Source(
            api_url=found.api_url, token=token["status"]["token"], ca_data=found.ca_data, allow_private_address=True
        )

    yield make
    with kubectl:
        for name in given:
            kubectl.delete(f"/api/v1/namespaces/{name}")
            for kind in ("clusterroles", "clusterrolebindings"):
                kubectl.delete(f"/apis/rbac.authorization.k8s.io/v1/{kind}/{name}")


def _without(rule: dict[str, Any], lacking: str) -> dict[str, Any]:
    verb, _space, where = lacking.partition(" ")
    resource, _dot, group = where.partition(".")
    if resource in rule.get("resources", ()) and rule["apiGroups"] == [group]:
        return {**rule, "verbs": [held for held in rule["verbs"] if held != verb]}
    return rule


def states(steps: list[Any]) -> dict[str, str]:
    return {step["name"] if isinstance(step, dict) else step.name: _state(step) for step in steps}


def _state(step: Any) -> str:
    return str(step["status"] if isinstance(step, dict) else step.status)


def test_a_kubeconfig_registers_the_cluster_with_what_it_has(admin: User, sandbox_cluster: Any) -> None:
    cluster, steps = register_cluster(admin, "home", sandbox_source(sandbox_cluster), environment="dev")
    assert states(steps) == dict.fromkeys(STEPS, "passed")
    assert (cluster.status, cluster.environment, cluster.context) == ("connected", "dev", "sandbox")
    assert cluster.kubernetes_version.startswith("v1.")
    assert cluster.uid == connect(cluster).get(paths.namespace("kube-system"))["metadata"]["uid"]
    assert set(cluster.capabilities) >= {"istio", "gateway_api", "metrics_api"}
    entry = Entry.objects.get(action="cluster.register")
    assert (entry.actor, entry.object_name) == ("ada", "home")


def test_the_stored_credential_opens_the_door_and_is_sealed(admin: User, sandbox_cluster: Any) -> None:
    cluster, _steps = register_cluster(admin, "home", sandbox_source(sandbox_cluster))
    key = read_kubeconfig(Path(sandbox_cluster.kubeconfig).read_text()).key
    raw = ClusterCredential.objects.filter(cluster=cluster).values_list("secret", flat=True).get()
    assert "PRIVATE KEY" not in raw
    assert cluster.credential.secret["key"] == key
    assert connect(cluster).list(paths.namespaces())["items"]


def test_the_access_manifest_gives_just_the_rights_that_the_check_asks_for(
    admin: User, account: Callable[..., Source]
) -> None:
    check = check_cluster(admin, "least", account())
    assert check.refusal is None
    assert check.facts is not None
    assert check.facts.capabilities["missing_rights"] == []
    assert not Cluster.objects.exists()


def test_a_missing_right_is_named(admin: User, account: Callable[..., Source]) -> None:
    with pytest.raises(ClusterRefused, match=r"may not: patch deployments\.apps\b") as caught:
        register_cluster(admin, "short", account(lacking="patch deployments.apps"))
    assert caught.value.step == "authorize"
    assert states(caught.value.steps)["authenticate"] == "passed"
    assert states(caught.value.steps)["version"] == "skipped"
    assert not Cluster.objects.exists()


def test_a_right_that_only_later_features_need_is_noted(admin: User, account: Callable[..., Source]) -> None:
    cluster, _steps = register_cluster(admin, "later", account(lacking="create services"))
    assert cluster.capabilities["missing_rights"] == ["create services"]


def test_secrets_are_in_no_rule() -> None:
    assert not {"secrets", "*"} & {resource for rule in RULES for resource in rule.resources}


def test_configmaps_are_only_read_and_only_by_name() -> None:
    assert {verb for rule in RULES if "configmaps" in rule.resources for verb in rule.verbs} == {"get"}


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"token": "wrong"}, "authenticate"),
        ({"ca_data": ""}, "tls"),
        ({"ca_data": "other"}, "tls"),
        ({"api_url": "https://127.0.0.1:1"}, "connect"),
        ({"api_url": "https://nowhere.invalid"}, "dns"),
        ({"api_url": "https://169.254.169.254"}, "policy"),
        ({"allow_private_address": False}, "policy"),
        ({"token": ""}, "parse"),
        ({"token": "a b"}, "parse"),
        ({"token": "a\r\nX: y"}, "parse"),
        ({"ca_data": "%%"}, "parse"),
        ({"kubeconfig": "a: b"}, "parse"),
        ({"api_url": ""}, "parse"),
    ],
)
def test_the_step_that_fails_is_named_and_nothing_is_saved(
    admin: User, api: Api, sandbox_cluster: Any, changes: dict[str, Any], step: str
) -> None:
    found = read_kubeconfig(Path(sandbox_cluster.kubeconfig).read_text())
    if changes.get("ca_data") == "other":
        changes = {"ca_data": Authority("other").pem}
    body = {"name": "bad", "api_url": found.api_url, "token": "abc", "ca_data": found.ca_data}
    answer = api(admin).post("/clusters/", {**body, "allow_private_address": True, **changes})
    problem = answer.json()
    assert (answer.status_code, problem["step"]) == (422, step), problem
    assert problem["detail"]
    assert [each["name"] for each in problem["steps"]] == list(STEPS)
    assert states(problem["steps"])[step] == "failed"
    assert not Cluster.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "Größe", "-x", "x" * 64, "UPPER", "a/b", "a\n"])
def test_a_name_that_is_no_dns_label_is_refused(admin: User, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        register_cluster(admin, name, Source(api_url="https://192.0.2.1", token="x"))
    assert caught.value.errors[0]["pointer"] == "/name"


def test_a_taken_name_is_a_conflict_before_anybody_is_contacted(admin: User) -> None:
    saved_cluster("home")
    with pytest.raises(Conflict):
        register_cluster(admin, "home", Source(api_url="https://192.0.2.1", token="x"))


def test_one_api_server_may_have_several_names(admin: User, sandbox_cluster: Any) -> None:
    one, _steps = register_cluster(admin, "one", sandbox_source(sandbox_cluster))
    two, _steps = register_cluster(admin, "two", sandbox_source(sandbox_cluster))
    assert one.uid == two.uid


def test_it_is_for_admins(maintainer: User, api: Api) -> None:
    with pytest.raises(NotPermitted):
        register_cluster(maintainer, "mine", Source(api_url="https://192.0.2.1", token="x"))
    answer = api(maintainer).post("/clusters/", {"name": "mine", "api_url": "https://192.0.2.1", "token": "x"})
    assert (answer.status_code, answer.json()["permission"]) == (403, "cluster.register")


def test_over_rest_it_answers_the_cluster_and_its_steps(admin: User, api: Api, sandbox_cluster: Any) -> None:
    body = {
        "name": "home",
        "kubeconfig": Path(sandbox_cluster.kubeconfig).read_text(),
        "allow_private_address": True,
        "labels": {"region": "eu-1"},
    }
    dry = api(admin).post("/clusters/?dry_run=true", body)
    assert (dry.status_code, states(dry.json()["steps"])) == (200, dict.fromkeys(STEPS, "passed"))
    assert not Cluster.objects.exists()
    answer = api(admin).post("/clusters/", body)
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert answer.headers["Location"] == "/api/v1/clusters/home/"
    assert said["version"].startswith("v1.")
    assert (said["status"], said["labels"]) == ("connected", {"region": "eu-1"})
    assert api(admin).get("/clusters/home/").json()["version"] == said["version"]


def test_a_login_page_is_not_taken_for_a_cluster(
    admin: User, serve: Callable[..., Server], authority: Authority
) -> None:
    server = serve(lambda call: call.send(200, "<title>Corp sign-in</title>", "text/html"))
    source = Source(api_url=server.url, token="abc", ca_data=authority.pem, allow_private_address=True)
    with pytest.raises(ClusterRefused, match="Corp sign-in") as caught:
        register_cluster(admin, "login", source)
    assert caught.value.step == "authenticate"


def test_an_announced_cluster_is_filled_in_by_slipway_alone(admin: User, sandbox_cluster: Any) -> None:
    announced = announce_cluster("sandbox", {"phase": "building", "fraction": 0.2})
    announce_cluster("sandbox", {"phase": "building", "fraction": 0.4})
    assert Cluster.objects.get().progress["fraction"] == 0.4
    with pytest.raises(Conflict):
        register_cluster(admin, "sandbox", sandbox_source(sandbox_cluster))
    cluster, _steps = register_cluster(None, "sandbox", sandbox_source(sandbox_cluster))
    assert (cluster.pk, cluster.status, cluster.progress) == (announced.pk, "connected", None)
