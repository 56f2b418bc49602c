"""Registering chart repositories, refreshing, searching and removing them, and taking charts out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from charts.errors import RepositoryUnreachable
from charts.models import ChartArchive, ChartRepository
from charts.sources import choose, obtain
from tests.callers import ApiClient
from tests.charts.archives import web_chart
from tests.charts.serving import Server, files, index_of, registry_of, repository_of, serving
from web.errors import Invalid

Api = Callable[..., ApiClient]
CHARTS = {
    "web-1.0.0.tgz": web_chart("web"),
    "web-1.1.0.tgz": web_chart("web", "1.1.0"),
    "db-0.1.0.tgz": web_chart("db", "0.1.0"),
}


@pytest.fixture
def shop() -> Iterator[Server]:
    with serving(repository_of(CHARTS)) as server:
        yield server


def registered(api: Api, admin: User, url: str, **more: Any) -> Any:
    return api(admin).post("/charts/repositories/", {"name": "shop", "url": url, "allow_private_address": True, **more})


def test_it_is_asked_saved_and_searched(api: Api, admin: User, viewer: User, shop: Server) -> None:
    answer = registered(api, admin, shop.url, username="bot", password="planted-repo-password")
    assert answer.status_code == 201, answer.content
    assert (answer.json()["status"], answer.json()["charts"], answer.json()["has_login"]) == ("ready", 2, True)
    assert "planted-repo-password" not in answer.content.decode()
    entry = Entry.objects.get(action="chart_repository.create")
    assert "planted-repo-password" not in str(entry.after) and entry.after["has_login"] is True

    found = api(viewer).get("/charts/search/?q=about-web").json()
    assert [(each["chart"], each["version"], each["versions"]) for each in found["results"]] == [
        ("shop/web", "1.1.0", ["1.1.0", "1.0.0"])
    ]
    assert api(viewer).get("/charts/search/?q=DB").json()["results"][0]["name"] == "db"
    assert api(viewer).get("/charts/search/?q=nothing-of-it").json() == {"count": 0, "results": []}


def test_only_admins_register(api: Api, developer: User, shop: Server) -> None:
    answer = registered(api, developer, shop.url)
    assert (answer.status_code, answer.json()["permission"]) == (403, "chart_repository.create")
    assert not shop.asked and not ChartRepository.objects.exists()


@pytest.mark.parametrize(
    "url",
    ["ftp://x/", "file:///etc", "https://user:pw@charts.example/", "https://charts.example/?a=1", "http://2130706433/"],
)
def test_an_address_that_is_none_is_refused_where_it_stands(api: Api, admin: User, url: str) -> None:
    answer = registered(api, admin, url)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/url")


def test_a_private_address_needs_to_be_allowed(api: Api, admin: User, shop: Server) -> None:
    answer = registered(api, admin, shop.url.replace("http:", "https:"), allow_private_address=False)
    assert (answer.status_code, answer.json()["step"]) == (502, "policy")
    assert not shop.asked


@pytest.mark.parametrize("name", ["uploads", "new", "-x", "Shop", "a/b", ""])
def test_a_name_that_would_be_read_as_something_else_is_refused(api: Api, admin: User, shop: Server, name: str) -> None:
    assert registered(api, admin, shop.url, name=name).status_code == 422


@pytest.mark.parametrize(
    "index", [b"", b"a: [", b"entries: 5", b"<html>login</html>", b"x: &a [1]\nentries: {y: *a}", b"\xff\xfe"]
)
def test_what_is_no_index_is_told(api: Api, admin: User, index: bytes) -> None:
    with serving(files({"/index.yaml": index})) as server:
        answer = registered(api, admin, server.url)
    assert (answer.status_code, answer.json()["step"]) == (502, "read"), answer.content
    assert not ChartRepository.objects.exists()


def test_hostile_entries_are_passed_over(api: Api, admin: User) -> None:
    index = index_of({"--evil-1.0.0.tgz": b"", "good-1.0.0.tgz": b"", "good---help.tgz": b""})
    with serving(files({"/index.yaml": index})) as server:
        assert registered(api, admin, server.url).json()["charts"] == 1


def test_a_refresh_takes_up_what_is_new_and_a_failure_keeps_what_was_known(
    api: Api, admin: User, developer: User
) -> None:
    held = {"/index.yaml": index_of({"web-1.0.0.tgz": b""})}
    with serving(files(held)) as server:
        registered(api, admin, server.url)
        held["/index.yaml"] = index_of({"web-1.0.0.tgz": b"", "web-2.0.0.tgz": b""})
        assert api(developer).post("/charts/repositories/shop/refresh/").json()["status"] == "ready"
    assert Entry.objects.filter(action="chart_repository.refresh").count() == 1
    assert api(developer).get("/charts/search/?q=web").json()["results"][0]["version"] == "2.0.0"
    down = api(developer).post("/charts/repositories/shop/refresh/").json()
    assert down["status"] == "unreachable" and down["status_message"]
    assert api(developer).get("/charts/search/?q=web").json()["results"][0]["version"] == "2.0.0"


def test_it_is_removed_by_admins(api: Api, admin: User, developer: User, shop: Server) -> None:
    registered(api, admin, shop.url)
    assert api(developer).delete("/charts/repositories/shop/").status_code == 403
    assert api(admin).delete("/charts/repositories/shop/").status_code == 204
    assert Entry.objects.filter(action="chart_repository.remove").count() == 1
    assert api(admin).get("/charts/search/").json()["count"] == 0


def test_an_archive_is_fetched_once_and_its_digest_checked(api: Api, admin: User, shop: Server) -> None:
    registered(api, admin, shop.url)
    first = obtain(choose(admin, "shop/web", ""))
    assert (first.name, first.chart_version, ChartArchive.objects.count()) == ("web", "1.1.0", 1)
    assert obtain(choose(admin, "shop/web", "v1.1.0")).pk == first.pk
    assert [path for path, _header in shop.asked].count("/web-1.1.0.tgz") == 1


def test_an_archive_that_is_not_what_the_index_says_is_refused(api: Api, admin: User) -> None:
    told = {"web-1.0.0.tgz": web_chart("web", description="as it was")}
    with serving(files({"/index.yaml": index_of(told), "/web-1.0.0.tgz": web_chart("web")})) as server:
        registered(api, admin, server.url)
        with pytest.raises(RepositoryUnreachable, match="digest"):
            obtain(choose(admin, "shop/web", "1.0.0"))
    assert not ChartArchive.objects.exists()


@pytest.mark.parametrize(
    ("chart", "version", "pointer"),
    [
        ("shop/none", "", "/chart"),
        ("none/web", "", "/chart"),
        ("web", "", "/chart"),
        ("--repo/web", "", "/chart"),
        ("shop/../web", "", "/chart"),
        ("oci://elsewhere.example/x/web", "", "/chart"),
        ("shop/web", "7.0.0", "/version"),
        ("uploads/none", "", "/chart"),
    ],
)
def test_what_is_not_there_is_told(api: Api, admin: User, shop: Server, chart: str, version: str, pointer: str) -> None:
    registered(api, admin, shop.url)
    with pytest.raises(Invalid) as refused:
        choose(admin, chart, version)
    assert refused.value.errors[0]["pointer"] == pointer


def test_a_registry_lists_tags_and_gives_the_chart_layer(api: Api, admin: User) -> None:
    tags = {
        "1.0.0": web_chart("web"),
        "1.2.0_build.5": web_chart("web", "1.2.0+build.5"),
        "latest": b"",
        "sha256-x.sig": b"",
    }
    with serving(files(registry_of("charts/web", tags))) as server:
        answer = registered(api, admin, server.url.replace("http://", "oci+http://") + "/charts")
        assert answer.status_code == 201, answer.content
        assert api(admin).get("/charts/search/?q=web").json()["results"][0]["versions"] == ["1.2.0+build.5", "1.0.0"]
        archive = obtain(choose(admin, "shop/web", ""))
    assert (archive.name, archive.chart_version) == ("web", "1.2.0+build.5")


def test_a_blob_that_is_not_its_digest_is_refused(api: Api, admin: User) -> None:
    with serving(files(registry_of("charts/web", {"1.0.0": web_chart("web")}, tampered=True))) as server:
        registered(api, admin, server.url.replace("http://", "oci+http://") + "/charts")
        with pytest.raises(RepositoryUnreachable, match="digest"):
            obtain(choose(admin, "shop/web", "1.0.0"))
