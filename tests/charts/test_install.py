"""Installing a chart: what it makes, that the `helm` command agrees, and what is refused before anything is begun."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from charts.models import HelmOperation, HelmRelease
from tests.callers import ApiClient
from tests.charts.archives import SECRET
from tests.charts.conftest import Place, carried_out, log_of
from tests.charts.serving import repository_of, serving
from tests.factories.charts import new_helm_release, new_upload
from tests.factories.registered import new_grant, saved_cluster

Api = Callable[..., ApiClient]


def test_it_is_installed_and_helm_agrees(api: Api, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments)
    caller = api(developer)
    answer = caller.post("/helm-releases/", place.wish(values={"replicas": 2, "greeting": "good day"}))
    assert (answer.status_code, answer.json()["status"]) == (202, "pending-install"), answer.content
    operation = carried_out(answer)
    assert operation.state == "succeeded", log_of(operation)

    path = answer["Location"]
    release = caller.get(path).json()
    assert (release["status"], release["revision"], release["chart"], release["version"]) == (
        "deployed", 1, "uploads/web", "1.0.0",
    )  # fmt: skip
    assert place.objects("apis/apps/v1/deployments") == ["web"]
    assert {row["object"]: row["state"] for row in operation.resources} == {
        f"Deployment/{'web'}": "ready",
        "ConfigMap/web-config": "ready",
    }
    assert caller.get(f"{path}history/").json()["results"] == [
        {**each, "updated": ours["updated"]}
        for each, ours in zip(
            place.helm_json("history", "web"), caller.get(f"{path}history/").json()["results"], strict=True
        )
    ]
    assert caller.get(f"{path}manifest/").json()["manifest"].strip() == place.helm("get", "manifest", "web").strip()
    assert place.helm_json("get", "values", "web") == {"replicas": 2, "greeting": "good day"}
    entry = Entry.objects.get(action="helm_release.install")
    assert (entry.team, entry.after["value_names"]) == ("payments", ["greeting", "replicas"])
    assert HelmOperation.objects.get().values is None


def test_it_comes_from_a_repository(api: Api, admin: User, place: Place) -> None:
    from tests.charts.archives import web_chart

    with serving(repository_of({"web-1.0.0.tgz": web_chart(), "web-2.0.0.tgz": web_chart(version="2.0.0")})) as shop:
        body = {"name": "shop", "url": shop.url, "allow_private_address": True}
        assert api(admin).post("/charts/repositories/", body).status_code == 201
        operation = carried_out(api(admin).post("/helm-releases/", place.wish(chart="shop/web", version="1.0.0")))
    assert operation.state == "succeeded", log_of(operation)
    assert place.helm_json("list")[0]["chart"] == "web-1.0.0"


def test_a_key_installs_once(api: Api, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments)
    caller, headers = api(developer), {"Idempotency-Key": "i-1"}
    first, second = (caller.post("/helm-releases/", place.wish(), headers=headers) for _ in range(2))
    assert first.json()["id"] == second.json()["id"] and HelmOperation.objects.count() == 1
    assert caller.post("/helm-releases/", place.wish()).json()["type"].endswith("helm_operation_running")


def test_secrets_stay_out_of_every_output(api: Api, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments, **{"templates/secret.yaml": SECRET, "templates/NOTES.txt": "{{ fail .Values.password }}"})
    wish = place.wish(values={"password": "planted-value-password"})
    answer = api(developer).post("/helm-releases/?dry_run=true", wish)
    assert answer.status_code == 422 and "planted-value-password" not in answer.content.decode()
    operation = carried_out(api(developer).post("/helm-releases/", wish))
    assert operation.state == "failed"
    assert "planted-value-password" not in log_of(operation) + operation.problem
    assert "planted-value-password" not in str(list(Entry.objects.values()))


def test_the_manifest_shows_no_secret(api: Api, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments, **{"templates/secret.yaml": SECRET})
    answer = api(developer).post("/helm-releases/", place.wish(values={"password": "planted-value-password"}))
    assert carried_out(answer).state == "succeeded"
    manifest = api(developer).get(f"{answer['Location']}manifest/").json()["manifest"]
    assert "kind: Secret" in manifest and "planted" not in manifest


def test_a_dry_run_makes_nothing(api: Api, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments)
    answer = api(developer).post("/helm-releases/?dry_run=true", place.wish(values={"replicas": 3}))
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert {each["object"]: each["action"] for each in told["changes"]} == {
        f"ConfigMap/{place.namespace}/web-config": "created",
        f"Deployment/{place.namespace}/web": "created",
    }
    assert re.search(r"^\+ +replicas: 3$", told["diff"], re.MULTILINE) and "replicas: 3" in told["manifest"]
    assert place.objects("apis/apps/v1/deployments") == [] and not HelmRelease.objects.exists()


ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: t}\n"
ELSEWHERE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t, namespace: kube-system}\n"
LIST = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: t}\n"
HOOK = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: t\n  annotations: {helm.sh/hook: pre-install}\n"
CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ts.example.com}\n"


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"templates/x.yaml": ROLE}, "ClusterRole"),
        ({"templates/x.yaml": ELSEWHERE}, "kube-system"),
        ({"templates/x.yaml": LIST}, "Namespace"),
        ({"templates/x.yaml": HOOK}, "Namespace/t"),
        ({"crds/x.yaml": CRD}, "crds/"),
    ],
)
def test_a_chart_that_reaches_beyond_the_namespace_is_for_admins(
    api: Api, developer: User, payments: Team, place: Place, files: dict[str, str], word: str
) -> None:
    new_upload(payments, **files)
    told = api(developer).post("/helm-releases/?dry_run=true", place.wish())
    if told.status_code == 403:
        assert told.json()["type"].endswith("chart_scope_refused") and word in told.json()["detail"]
    else:
        assert any(word in each for each in told.json()["beyond_namespace"]), told.content
    operation = carried_out(api(developer).post("/helm-releases/", place.wish()))
    assert operation.state == "failed" and word in operation.problem
    assert place.objects("apis/apps/v1/deployments") == [] and place.helm_json("list") == []


def test_what_helm_says_against_it_is_told(api: Api, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments, **{"values.schema.json": '{"properties": {"replicas": {"type": "integer", "maximum": 3}}}'})
    dry = api(developer).post("/helm-releases/?dry_run=true", place.wish(values={"replicas": 9}))
    assert (dry.status_code, dry.json()["type"].rpartition(":")[2]) == (422, "helm_failed")
    assert "replicas" in dry.json()["detail"]
    operation = carried_out(api(developer).post("/helm-releases/", place.wish(values={"replicas": 9})))
    assert operation.state == "failed" and "replicas" in operation.problem
    assert HelmRelease.objects.get().status == "failed"
    assert carried_out(api(developer).post("/helm-releases/", place.wish(values={"replicas": 1}))).state == "succeeded"


def test_a_template_that_never_ends_is_ended(
    api: Api, developer: User, payments: Team, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charts.workbench.RENDER_SECONDS", 2.0)
    loop = "{{ range $i := until 100000000 }}{{ range until 100000000 }}x{{ end }}{{ end }}"
    new_upload(payments, **{"templates/loop.yaml": loop})
    answer = api(developer).post("/helm-releases/?dry_run=true", place.wish())
    assert answer.status_code in {422, 504}, answer.content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "--post-renderer=/bin/sh"),
        ("name", "a;b"),
        ("name", "x" * 54),
        ("name", "A"),
        ("namespace", "-n"),
        ("namespace", "a/b"),
        ("chart", "--repo=http://x"),
        ("version", "--help"),
        ("version", "1.0.0; rm"),
        ("values", [1]),
        ("values", "a: &x 1\nb: *x"),
        ("values", "!!python/object:x {}"),
        ("timeout_seconds", 0),
        ("cluster", "no-such"),
    ],
)
def test_t31_nothing_can_be_taken_for_an_option(api: Api, admin: User, helm_found: str, field: str, value: Any) -> None:
    cluster = saved_cluster("here")
    new_upload(None)
    wish = {"cluster": cluster.name, "namespace": "dev", "name": "web", "chart": "uploads/web", field: value}
    answer = api(admin).post("/helm-releases/", wish)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"].split("/")[1]) == (422, field), answer.content
    assert not HelmOperation.objects.exists()


def test_who_may_not(api: Api, developer: User, viewer: User, stranger: User, payments: Team, helm_found: str) -> None:
    cluster = saved_cluster("here")
    new_grant(payments, cluster, "dev")
    new_upload(None)
    wish = {"cluster": "here", "namespace": "dev", "name": "web", "chart": "uploads/web"}
    assert api(viewer).post("/helm-releases/", wish).json()["permission"] == "helm_release.install"
    assert api(developer, scopes=["deploy"]).post("/helm-releases/", wish).status_code == 403
    assert api(developer).post("/helm-releases/", {**wish, "namespace": "prod"}).json()["permission"] == "grant"
    assert api(stranger).post("/helm-releases/", wish).json()["errors"][0]["code"] == "unknown_cluster"
    assert not HelmOperation.objects.exists()
    assert api(developer, scopes=["charts:write"]).post("/helm-releases/", wish).status_code == 202


def test_a_name_that_is_taken(api: Api, admin: User, helm_found: str) -> None:
    cluster = saved_cluster("here")
    new_upload(None)
    new_helm_release(cluster, "dev")
    wish = {"cluster": "here", "namespace": "dev", "name": "web", "chart": "uploads/web"}
    assert api(admin).post("/helm-releases/", wish).json()["type"].endswith("helm_release_exists")


def test_without_helm_it_says_what_to_do(api: Api, admin: User, settings: Any) -> None:
    settings.HELM = "/no/such/helm"
    saved_cluster("here")
    new_upload(None)
    wish = {"cluster": "here", "namespace": "dev", "name": "web", "chart": "uploads/web"}
    answer = api(admin).post("/helm-releases/", wish)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (503, "helm_missing")
    assert "SLIPWAY_HELM" in answer.json()["detail"] and not HelmRelease.objects.exists()


def test_a_chart_sees_nothing_of_other_namespaces(api: Api, developer: User, payments: Team, place: Place) -> None:
    """`lookup` is a template function that reads the cluster, and would read it as Slipway."""
    spy = 'found: {{ lookup "v1" "ConfigMap" "kube-system" "" | toJson | quote }}\n'
    config = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: spy}}\ndata:\n  {spy}"
    new_upload(payments, **{"templates/spy.yaml": config})
    answer = api(developer).post("/helm-releases/?dry_run=true", place.wish())
    assert "kube-root-ca" not in answer.content.decode()
    assert answer.status_code == 403, answer.content
    operation = carried_out(api(developer).post("/helm-releases/", place.wish()))
    assert operation.state == "failed" and "outside of namespace" in operation.problem
