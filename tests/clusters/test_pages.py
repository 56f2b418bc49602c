"""The pages of clusters, as a browser without JavaScript sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from clusters import removal
from clusters.models import Cluster, Grant
from tests.callers import PageClient
from tests.clusters.observe.objects import raw
from tests.factories.clusters import observed, watched_now
from tests.factories.kubeconfigs import as_text, kubeconfig
from tests.factories.registered import new_grant, sandbox_row, saved_cluster

pytestmark = pytest.mark.django_db
Browser = Callable[[User], PageClient]


def node(name: str) -> dict[str, Any]:
    capacity = {"cpu": "8", "memory": "32Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "uid": name,
            "resourceVersion": "1",
            "labels": {"topology.kubernetes.io/zone": "z1"},
        },
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2", "containerRuntimeVersion": "containerd://2.1"},
        },
    }


def namespace_object(name: str) -> dict[str, Any]:
    metadata = {"name": name, "uid": name, "resourceVersion": "1"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"phase": "Active"}}


def test_nobody_comes_in_without_signing_in(anonymous: Client) -> None:
    saved_cluster("home")
    for path in ("", "new/", "new/access-manifest/", "home/", "home/edit/", "home/credentials/", "home/remove/"):
        assert anonymous.get(f"/clusters/{path}").status_code == 302


def test_a_stranger_finds_no_cluster_and_is_told_why(stranger: User, web_client: Browser) -> None:
    saved_cluster("home")
    client = web_client(stranger)
    assert "Ask an admin for a grant" in client.get("/clusters/").content.decode()
    assert {client.get(f"/clusters/home/{path}").status_code for path in ("", "edit/", "remove/", "credentials/")} == {
        404
    }


def test_buttons_that_are_for_admins_say_so(developer: User, payments: Team, web_client: Browser) -> None:
    new_grant(payments, saved_cluster("home"), "dev")
    client = web_client(developer)
    assert "cluster.register is for admins" in client.get("/clusters/").content.decode()
    page = client.get("/clusters/home/").content.decode()
    assert "cluster.remove is for admins" in page
    assert client.get("/clusters/home/remove/").status_code == 403
    assert client.get("/clusters/new/").status_code == 403


def test_the_page_shows_components_nodes_and_granted_namespaces(
    developer: User, payments: Team, web_client: Browser, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    cluster = saved_cluster("home", status="connected")
    new_grant(payments, cluster, "dev")
    watched_now(cluster)
    for number in range(5):
        observed(cluster, node(f"node-{number}"))
    for name in ("dev", "prod"):
        observed(cluster, namespace_object(name))
    client = web_client(developer)
    with django_assert_max_num_queries(24):
        page = client.get("/clusters/home/").content.decode()
    for component in ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager", "kubelet", "coredns"):
        assert component in page
    assert "5 of 5 ready" in page
    assert "Kubernetes control plane" in page
    assert "?namespace=dev" in page
    assert "?namespace=prod" not in page
    assert "Workloads in dev" in client.get("/clusters/home/?namespace=dev").content.decode()
    for name in ("prod", "no-such"):
        refused = client.get(f"/clusters/home/?namespace={name}").content.decode()
        assert "Workloads in" not in refused
        assert f"None of your teams has a grant for namespace {name} of this cluster" in refused
    assert "<html" not in client.fragment("/clusters/home/", "overview").content.decode()


def test_a_cluster_out_of_contact_is_shown_calmly(admin: User, web_client: Browser) -> None:
    saved_cluster("home", status="unreachable", status_message="connection refused")
    page = web_client(admin).get("/clusters/home/").content.decode()
    assert "No contact yet" in page
    assert 'data-kind="bad"' not in page


def test_a_cluster_that_is_gone_is_calm_and_tells_its_age(admin: User, web_client: Browser) -> None:
    down = {"name": "kube-apiserver", "status": "unhealthy", "source": "probe", "evidence": ["refused"], "message": "x"}
    saved_cluster(
        "home",
        status="unreachable",
        status_message="connection refused",
        last_seen_at=timezone.now() - timedelta(hours=3),
        health={"status": "unhealthy", "components": [{**down, "observed_at": None}]},
        health_at=timezone.now(),
    )
    browser = web_client(admin)
    for path in ("/clusters/home/", "/clusters/", "/"):
        page = browser.get(path).content.decode()
        assert "3 h ago" in page, path
        assert 'data-kind="bad"' not in page, path
    assert "Last heard of 3 h ago" in browser.get("/clusters/home/").content.decode()


def test_capacity_is_shown_by_namespace_the_greediest_first_and_bounded(admin: User, web_client: Browser) -> None:
    cluster = saved_cluster("home", status="connected")
    observed(cluster, node("node-1"))
    watched_now(cluster)
    for number in range(60):
        observed(cluster, namespace_object(f"ns-{number:02}"))
    greedy = {"containers": [{"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "2"}}}]}
    observed(cluster, raw("Pod", "p", namespace="ns-59", spec=greedy))
    browser = web_client(admin)
    page = browser.get("/clusters/home/").content.decode()
    assert page.count("?namespace=ns-") >= 50
    section = page[page.index('id="namespaces"') :]
    assert section.index("ns-59") < section.index("ns-00")
    assert "Show 10 more namespaces" in page
    assert "Show 10 more namespaces" not in browser.get("/clusters/home/?namespaces=all").content.decode()


def test_a_cluster_that_is_being_built_shows_how_far(admin: User, web_client: Browser) -> None:
    Cluster.objects.create(name="sandbox", status="building", progress={"message": "etcd, 2 of 6", "fraction": 0.25})
    page = web_client(admin).get("/clusters/sandbox/").content.decode()
    assert "etcd, 2 of 6" in page
    assert 'value="0.250"' in page


def test_registering_goes_by_check_then_save(admin: User, web_client: Browser, sandbox_cluster: Any) -> None:
    client = web_client(admin)
    typed = {
        "name": "home",
        "kubeconfig": Path(sandbox_cluster.kubeconfig).read_text(),
        "allow_private_address": "on",
        "labels": "region=eu\ntier=one",
    }
    checked = client.post("/clusters/new/", {**typed, "do": "check"})
    page = checked.content.decode()
    assert (checked.status_code, page.count('data-state="passed"')) == (200, 8)
    assert "not saved yet" in page
    assert "region=eu" in page
    assert not Cluster.objects.exists()
    saved = client.post("/clusters/new/", {**typed, "do": "register"})
    assert (saved.status_code, saved.headers["Location"]) == (303, "/clusters/home/")
    assert Cluster.objects.get().labels == {"region": "eu", "tier": "one"}


def test_a_failed_step_stands_beside_its_field_and_nothing_typed_is_lost(admin: User, web_client: Browser) -> None:
    typed = {"name": "home", "api_url": "https://127.0.0.1:1", "token": "my-token", "title": "Mine", "do": "register"}
    answer = web_client(admin).post("/clusters/new/", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "private or loopback" in page
    assert page.count('data-state="skipped"') == 6
    for value in ("home", "https://127.0.0.1:1", "my-token", "Mine"):
        assert f'value="{value}"' in page
    assert "no-store" in answer.headers["Cache-Control"]


def test_of_several_contexts_one_is_chosen_first(admin: User, web_client: Browser) -> None:
    document = kubeconfig("https://192.0.2.1:6443", context="one")
    document["contexts"].append({"name": "two", "context": {"cluster": "c", "user": "u"}})
    typed = {"name": "home", "kubeconfig": as_text(document), "do": "register"}
    client = web_client(admin)
    page = client.post("/clusters/new/", typed).content.decode()
    assert '<option value="one" selected>' in page
    assert "has several contexts" in page
    assert "What the check found" not in page
    chosen = client.post("/clusters/new/", {**typed, "kubeconfig": "broken: [", "context": "two"})
    assert chosen.status_code == 422
    assert "YAML is broken" in chosen.content.decode()


def test_credentials_are_replaced_and_never_shown(admin: User, web_client: Browser, sandbox_cluster: Any) -> None:
    cluster = sandbox_row(sandbox_cluster)
    client = web_client(admin)
    form = client.get("/clusters/sandbox/credentials/").content.decode()
    assert "PRIVATE KEY" not in form
    text = Path(sandbox_cluster.kubeconfig).read_text()
    answer = client.post("/clusters/sandbox/credentials/", {"kubeconfig": text, "allow_private_address": "on"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/clusters/sandbox/")
    cluster.refresh_from_db()
    assert cluster.version == 2


def test_an_edit_over_somebody_elses_is_refused_with_what_was_typed(admin: User, web_client: Browser) -> None:
    saved_cluster("home")
    client = web_client(admin)
    typed = {"name": "home", "title": "One", "environment": "", "labels": "", "prometheus_url": "", "version": "1"}
    assert client.post("/clusters/home/edit/", typed).status_code == 303
    answer = client.post("/clusters/home/edit/", {**typed, "title": "Two"})
    assert answer.status_code == 422
    assert "Two" in answer.content.decode()
    assert Cluster.objects.get().title == "One"


def test_removing_asks_for_the_name_and_says_what_stands_in_the_way(
    admin: User, web_client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved_cluster("home")
    client = web_client(admin)
    assert client.post("/clusters/home/remove/", {"confirm": "hom"}).status_code == 422
    monkeypatch.setattr(removal, "removal_checks", [lambda found: [{"kind": "release", "name": "checkout in prod"}]])
    assert "checkout in prod" in client.get("/clusters/home/remove/").content.decode()
    assert client.post("/clusters/home/remove/", {"confirm": "home"}).status_code == 409
    monkeypatch.setattr(removal, "removal_checks", [])
    assert client.post("/clusters/home/remove/", {"confirm": "home"}).headers["Location"] == "/clusters/"
    assert not Cluster.objects.exists()


def test_grants_are_given_and_taken_back(admin: User, developer: User, payments: Team, web_client: Browser) -> None:
    saved_cluster("home")
    client = web_client(admin)
    typed = {"team": "payments", "cluster": "home", "namespaces": "dev, staging"}
    assert client.post("/grants/", typed).status_code == 303
    grant = Grant.objects.get()
    assert grant.namespaces == ["dev", "staging"]
    assert client.post("/grants/", {**typed, "namespaces": "Not A Namespace"}).status_code == 422
    theirs = web_client(developer)
    assert "staging" in theirs.get("/grants/").content.decode()
    assert theirs.post("/grants/", typed).status_code == 403
    assert theirs.post(f"/grants/{grant.pk}/remove/").status_code == 403
    assert client.post(f"/grants/{grant.pk}/remove/").status_code == 303
    assert not Grant.objects.exists()


def test_the_access_manifest_is_shown_and_downloaded(viewer: User, web_client: Browser) -> None:
    client = web_client(viewer)
    assert "kind: ClusterRole" in client.get("/clusters/new/access-manifest/").content.decode()
    file = client.get("/clusters/new/access-manifest/?download=1&chosen=1&guard=on")
    assert file.headers["Content-Disposition"] == 'attachment; filename="slipway-access.yaml"'
    text = file.content.decode()
    assert "ValidatingAdmissionPolicy" in text
    assert "delete" not in text


def test_check_now_goes_back_to_the_page(admin: User, web_client: Browser) -> None:
    saved_cluster("home", api_url="https://127.0.0.1:1", allow_private_address=True)
    client = web_client(admin)
    answer = client.post("/clusters/home/refresh/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/clusters/home/")
    assert "home did not answer" in client.get("/clusters/home/").content.decode()


def test_a_list_of_many_costs_no_more_queries_than_one_of_few(
    admin: User, web_client: Browser, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _number in range(30):
        saved_cluster()
    client = web_client(admin)
    with django_assert_max_num_queries(8):
        page = client.get("/clusters/").content.decode()
    assert page.count("never") >= 30
