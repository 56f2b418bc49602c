"""The pages of charts without JavaScript: find, look, try, install, follow, upgrade, roll back, uninstall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Team, User
from charts.models import ChartRepository, HelmOperation, HelmRelease
from charts.observing import observe_cluster
from tests.callers import PageClient
from tests.charts.archives import web_chart
from tests.charts.conftest import Place, ended
from tests.charts.serving import repository_of, serving
from tests.factories.charts import new_helm_release, new_upload
from tests.factories.registered import new_grant, saved_cluster

Web = Callable[[User], PageClient]
SCHEMA = '{"properties": {"replicas": {"type": "integer", "minimum": 1}, "tag": {"type": "string"}}}'


def text(answer: Any) -> str:
    return str(answer.content.decode())


def sent(browser: PageClient, path: str, **fields: Any) -> Any:
    return browser.post(path, {"timeout_seconds": "60", **fields})


def test_from_a_chart_to_its_end(web_client: Web, developer: User, payments: Team, place: Place) -> None:
    new_upload(payments, **{"values.schema.json": SCHEMA})
    browser = web_client(developer)
    assert "uploads" in text(browser.get("/charts/find/?search=web"))
    shown = text(browser.get("/charts/show/?chart=uploads/web"))
    assert "A chart for tests." in shown and "replicas: 1" in shown
    path = "/charts/install/?chart=uploads/web&version=1.0.0"
    assert 'name="value:replicas"' in text(browser.get(path))

    where = {"cluster": place.cluster.name, "namespace": place.namespace, "name": "web"}
    typed = {**where, "values": "greeting: typed\n", "value:replicas": "2", "value:tag": "v1"}
    tried = text(sent(browser, path, **typed, step="review"))
    assert "<ins>  greeting: typed</ins>" in tried and "replicas: 2" in tried
    assert not HelmRelease.objects.exists()

    answer = sent(browser, path, **typed, step="run")
    assert answer.status_code == 303, text(answer)
    release = HelmRelease.objects.get()
    assert answer["Location"] == release.get_absolute_url()
    assert "pending-install" in text(browser.get(release.get_absolute_url()))
    ended(HelmOperation.objects.get())
    page = text(browser.get(release.get_absolute_url()))
    assert "deployed" in page and "Deployment/web" in page and "helm upgrade --install web" in page
    assert place.helm_json("get", "values", "web") == {"greeting": "typed", "replicas": 2}

    upgrade = f"{release.get_absolute_url()}upgrade/"
    assert "greeting: typed" in text(browser.get(upgrade))
    assert sent(browser, upgrade, values="greeting: again\n", step="run").status_code == 303
    ended(HelmOperation.objects.first())
    back = f"{release.get_absolute_url()}rollback/"
    assert "<ins>  greeting: &quot;typed&quot;</ins>" in text(browser.get(f"{back}?to=1"))
    assert browser.post(back, {"to": "1"}).status_code == 303
    ended(HelmOperation.objects.first())
    gone = f"{release.get_absolute_url()}uninstall/"
    assert "Deployment/web" in text(browser.get(gone))
    assert browser.post(gone).status_code == 303
    ended(HelmOperation.objects.first())
    assert "uninstalled" in text(browser.get(release.get_absolute_url()))


def test_the_chart_of_a_release_that_helm_made_is_chosen_first(
    web_client: Web, developer: User, viewer: User, payments: Team, helm_found: str
) -> None:
    cluster = saved_cluster("here")
    new_grant(payments, cluster, "dev")
    for version in ("1.0.0", "1.5.0"):
        new_upload(payments, version=version)
    new_upload(payments, "other")
    release = new_helm_release(cluster, "dev")
    at, browser = f"{release.get_absolute_url()}upgrade/", web_client(developer)
    assert browser.get(at)["Location"] == f"{at}?choose=true&search=web"
    page = text(browser.get(f"{at}?choose=true&search=web"))
    for version in ("1.0.0", "1.5.0"):
        assert f'href="{at}?chart=uploads%2Fweb&amp;version={version}"' in page
    assert page.count("1.0.0 runs now") == 1 and 'name="chart"' in page
    assert "uploads%2Fother" not in text(browser.get(f"{at}?choose=true&search=about-web"))
    assert "uploads%2Fother" in text(browser.get(f"{at}?choose=true&search="))
    assert web_client(viewer).get(at).status_code == 403


def test_what_is_wrong_is_told_and_what_was_typed_stays(
    web_client: Web, developer: User, payments: Team, helm_found: str
) -> None:
    cluster = saved_cluster("here")
    new_grant(payments, cluster, "dev")
    new_upload(payments)
    path, browser = "/charts/install/?chart=uploads/web", web_client(developer)
    wrong = sent(browser, path, cluster="here", namespace="dev", name="-x", values="kept: [1", step="run")
    assert wrong.status_code == 422 and "kept: [1" in text(wrong) and "broken in line" in text(wrong)
    wrong = sent(browser, path, cluster="here", namespace="dev", name="-x", values="", step="run")
    assert "lower-case letters" in text(wrong)
    assert not HelmOperation.objects.exists()


def test_a_release_that_helm_made_is_upgraded_on_its_page(
    web_client: Web, developer: User, payments: Team, place: Place, tmp_path: Path
) -> None:
    archive = tmp_path / "web.tgz"
    archive.write_bytes(web_chart())
    place.helm("install", "theirs", str(archive), "--set", "greeting=theirs")
    observe_cluster(place.cluster.pk)
    for name, version in (("web", "1.5.0"), ("web", "1.6.0"), ("db", "0.1.0")):
        new_upload(payments, name, version)
    release, browser = HelmRelease.objects.get(namespace=place.namespace), web_client(developer)
    at = f"{release.get_absolute_url()}upgrade/"
    assert f'href="{at}"' in text(browser.get(release.get_absolute_url()))

    chosen = f"{at}?chart=uploads/web&version=1.5.0"
    page = text(browser.get(chosen))
    assert "greeting: theirs" in page and "Now it is web 1.0.0" in page and "version=1.6.0" in page
    assert "not the chart that the release was made of" in text(browser.get(f"{at}?chart=uploads/db"))
    assert sent(browser, chosen, values="greeting: ours\n", step="run").status_code == 303
    ended(HelmOperation.objects.get())
    assert place.helm_json("list")[0]["chart"] == "web-1.5.0"
    assert place.helm_json("get", "values", "theirs") == {"greeting": "ours"}
    assert browser.get(at).status_code == 200
    assert "Choose a chart" in text(browser.get(f"{at}?choose=true&search=web"))


def test_secret_values_are_masked_in_the_form_and_kept(
    web_client: Web, developer: User, viewer: User, payments: Team, place: Place
) -> None:
    new_upload(payments)
    browser = web_client(developer)
    path = "/charts/install/?chart=uploads/web"
    where = {"cluster": place.cluster.name, "namespace": place.namespace, "name": "web"}
    sent(browser, path, **where, values="password: planted-in-values\n", step="run")
    ended(HelmOperation.objects.get())
    upgrade = f"{HelmRelease.objects.get().get_absolute_url()}upgrade/"
    shown = text(browser.get(upgrade))
    assert "planted-in-values" not in shown and "password: •••" in shown
    assert web_client(viewer).get(upgrade).status_code == 403
    sent(browser, upgrade, values="password: •••\nreplicas: 2\n", step="run")
    ended(HelmOperation.objects.first())
    assert place.helm_json("get", "values", "web") == {"password": "planted-in-values", "replicas": 2}


def test_repositories_and_uploads(web_client: Web, admin: User, viewer: User) -> None:
    browser = web_client(admin)
    with serving(repository_of({"web-1.0.0.tgz": web_chart()})) as shop:
        typed = {"name": "shop", "url": shop.url, "allow_private_address": "on"}
        assert browser.post("/charts/repositories/", typed).status_code == 303
        assert browser.post("/charts/repositories/shop/refresh/").status_code == 303
    assert "shop" in text(web_client(viewer).get("/charts/repositories/"))
    refused = browser.post(
        "/charts/repositories/", {"name": "other", "url": "http://127.0.0.1:9/", "allow_private_address": "on"}
    )
    assert refused.status_code == 422 and "does not answer" in text(refused) and "127.0.0.1:9" in text(refused)
    assert web_client(viewer).post("/charts/repositories/shop/remove/").status_code == 403
    assert browser.post("/charts/repositories/shop/remove/").status_code == 303
    assert not ChartRepository.objects.exists()
    sent_file = SimpleUploadedFile("db.tgz", web_chart("db"), "application/gzip")
    made = browser.post("/charts/upload/", {"chart": sent_file, "team": ""})
    assert made.status_code == 303 and "uploads%2Fdb" in made["Location"]
    bad = browser.post("/charts/upload/", {"chart": SimpleUploadedFile("x.tgz", b"x"), "team": ""})
    assert bad.status_code == 422 and "no gzipped tar" in text(bad)


def test_a_list_and_a_page_stand_without_the_cluster(web_client: Web, developer: User, payments: Team) -> None:
    cluster = saved_cluster("away", api_url="https://127.0.0.1:9", allow_private_address=True)
    new_grant(payments, cluster, "dev")
    release = new_helm_release(cluster, "dev", status="pending-upgrade")
    browser = web_client(developer)
    assert "web" in text(browser.get("/charts/"))
    page = text(browser.get(release.get_absolute_url()))
    assert "does not tell its history" in page and "count it as failed" in page
