"""Editing a chart repository: it is asked first, and what signs in stays with the host that it was given for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from charts.models import ChartRepository
from tests.callers import ApiClient, PageClient
from tests.charts.archives import web_chart
from tests.charts.serving import Server, repository_of, serving

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
SHOP = "/charts/repositories/shop/"
EDIT = f"{SHOP}edit/"
PASSWORD, OTHER = "planted-repo-password", "planted-other-password"
INDEX = "/index.yaml"


@pytest.fixture
def old() -> Iterator[Server]:
    with serving(repository_of({"web-1.0.0.tgz": web_chart("web")})) as server:
        yield server


@pytest.fixture
def new() -> Iterator[Server]:
    with serving(repository_of({"db-1.0.0.tgz": web_chart("db")})) as server:
        yield server


@pytest.fixture
def shop(api: Api, admin: User, old: Server) -> ChartRepository:
    """A repository with credentials."""
    login = {"username": "bot", "password": PASSWORD}
    body = {"name": "shop", "url": old.url, "allow_private_address": True, **login}
    assert api(admin).post("/charts/repositories/", body).status_code == 201
    old.asked.clear()
    return ChartRepository.objects.get()


def login_of(repository: ChartRepository) -> Any:
    return ChartRepository.objects.get(pk=repository.pk).secret


def names(api: Api, admin: User) -> list[str]:
    return [each["name"] for each in api(admin).get("/charts/search/").json()["results"]]


def test_another_address_is_asked_and_its_charts_take_the_place_of_those_before(
    api: Api, admin: User, shop: ChartRepository, new: Server
) -> None:
    answer = api(admin).patch(SHOP, {"url": f"{new.url}/"})
    assert (answer.status_code, answer.json()["url"], answer["ETag"]) == (200, new.url, '"2"'), answer.content
    assert names(api, admin) == ["db"]
    entry = Entry.objects.get(action="chart_repository.edit")
    assert (entry.before["url"], entry.after["url"]) == (shop.url, new.url)


def test_t12_credentials_never_follow_to_another_host(
    api: Api, admin: User, shop: ChartRepository, new: Server
) -> None:
    answer = api(admin).patch(SHOP, {"url": new.url})
    assert answer.json()["has_login"] is False
    assert [header for _path, header in new.asked] == [""] and login_of(shop) is None


def test_credentials_are_changed_in_part_and_as_a_whole(
    api: Api, admin: User, shop: ChartRepository, old: Server
) -> None:
    caller = api(admin)
    answer = caller.patch(SHOP, {"password": OTHER})
    assert login_of(shop) == {"username": "bot", "password": OTHER}
    assert old.authorization_of(INDEX).startswith("Basic ") and OTHER not in answer.content.decode()
    entry = Entry.objects.get(action="chart_repository.edit")
    assert entry.after["login_was_given"] is True and "planted" not in str((entry.before, entry.after, entry.data))

    assert caller.patch(SHOP, {"username": "", "password": ""}).json()["has_login"] is False
    assert old.authorization_of(INDEX) == "" and login_of(shop) is None


def test_nothing_is_saved_when_it_does_not_answer_or_the_address_is_none(
    api: Api, admin: User, shop: ChartRepository
) -> None:
    caller = api(admin)
    assert caller.patch(SHOP, {"url": "http://127.0.0.1:9"}).status_code == 502
    assert caller.patch(SHOP, {"url": "ftp://x/"}).json()["errors"][0]["pointer"] == "/url"
    assert caller.patch(SHOP, {"allow_private_address": False}).json()["errors"][0]["pointer"] == "/url"
    assert caller.patch(SHOP, {"username": "a:b"}).json()["errors"][0]["pointer"] == "/username"
    kept = ChartRepository.objects.get()
    assert (kept.url, kept.version, kept.secret) == (shop.url, 1, {"username": "bot", "password": PASSWORD})
    assert names(api, admin) == ["web"] and not Entry.objects.filter(action="chart_repository.edit").exists()


def test_only_admins_edit_and_not_over_somebody_elses_edit(
    api: Api, admin: User, developer: User, shop: ChartRepository, old: Server
) -> None:
    assert api(developer).patch(SHOP, {"username": "x"}).status_code == 403 and not old.asked
    assert api(admin).patch(SHOP, {"username": "x"}, headers={"If-Match": '"9"'}).status_code == 412
    assert api(admin).patch(SHOP, {"username": "x"}, headers={"If-Match": '"1"'}).status_code == 200
    assert api(admin).patch(SHOP, {"username": "y"}, headers={"If-Match": '"1"'}).status_code == 412
    assert login_of(shop)["username"] == "x"
    assert api(admin).patch("/charts/repositories/none/", {}).status_code == 404


def test_on_the_page_empty_credentials_stay_and_are_never_shown(
    web_client: Web, admin: User, developer: User, shop: ChartRepository, new: Server
) -> None:
    browser = web_client(admin)
    assert f'href="{EDIT}"' in browser.get("/charts/repositories/").content.decode()
    page = browser.get(EDIT).content.decode()
    assert "Credentials are kept" in page and shop.url in page and "planted" not in page and "bot" not in page
    assert web_client(developer).get(EDIT).status_code == 403
    assert f'href="{EDIT}"' not in web_client(developer).get("/charts/repositories/").content.decode()

    typed = {"url": shop.url, "username": "", "password": "", "allow_private_address": "on", "version": "1"}
    assert browser.post(EDIT, typed).status_code == 303
    assert login_of(shop) == {"username": "bot", "password": PASSWORD}
    late = browser.post(EDIT, {**typed, "url": new.url})
    assert late.status_code == 422 and "was changed since" in late.content.decode()
    away = browser.post(EDIT, {**typed, "url": "http://127.0.0.1:9", "version": "2"})
    assert away.status_code == 422 and "does not answer" in away.content.decode()
    assert browser.post(EDIT, {**typed, "forget_login": "on", "version": "2"}).status_code == 303
    assert login_of(shop) is None
