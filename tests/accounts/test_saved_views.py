"""Saved views: a list as one wants to see it again, for oneself or, by its maintainers, for a team."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import SavedView, User
from audit.models import Entry
from tests.callers import ApiClient, PageClient

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
VIEW = {"of": "services", "name": "Broken", "query": "health=down&page=3&cursor=x"}


def test_it_is_saved_from_the_list_and_found_there_again(web_client: Web, viewer: User) -> None:
    browser = web_client(viewer)
    answer = browser.post("/views/save/", VIEW)
    assert (answer.status_code, answer["Location"]) == (303, "/services/?health=down")
    page = browser.get("/services/?health=down").content.decode()
    assert '<a href="/services/?health=down" aria-current="true">Broken' in page
    assert Entry.objects.get().action == "view.save"


def test_saving_under_the_same_name_replaces_it(api: Api, viewer: User) -> None:
    api(viewer).post("/views/", VIEW)
    answer = api(viewer).post("/views/", {**VIEW, "name": "broken", "query": "health=degraded"})
    assert (answer.status_code, answer.json()["query"]) == (201, "health=degraded")
    assert SavedView.objects.count() == 1
    assert Entry.objects.first().before == {"name": "Broken", "query": "health=down"}


def test_a_private_one_is_nobody_elses(api: Api, viewer: User, maintainer: User, admin: User) -> None:
    pk = api(viewer).post("/views/", VIEW).json()["id"]
    for other in (maintainer, admin):
        assert api(other).get("/views/").json()["count"] == 0
        assert api(other).delete(f"/views/{pk}/").status_code == 404
    assert api(viewer).delete(f"/views/{pk}/").status_code == 204


def test_a_teams_is_made_and_removed_by_its_maintainers_and_seen_by_all_of_it(
    api: Api, web_client: Web, maintainer: User, viewer: User, stranger: User
) -> None:
    shared = {**VIEW, "team": "payments"}
    assert api(viewer).post("/views/", shared).status_code == 403
    pk = api(maintainer).post("/views/", shared).json()["id"]
    assert api(viewer).get("/views/").json()["results"][0]["team"] == "payments"
    assert "Broken" in web_client(viewer).get("/services/").content.decode()
    assert api(stranger).get(f"/views/{pk}/").status_code == 404
    assert api(viewer).delete(f"/views/{pk}/").status_code == 403
    assert web_client(viewer).post(f"/views/{pk}/remove/").status_code == 403
    answer = web_client(maintainer).post(f"/views/{pk}/remove/", {"next": "/services/"})
    assert (answer.status_code, answer["Location"]) == (303, "/services/")
    assert [entry.action for entry in Entry.objects.order_by("pk")] == ["view.share", "view.remove"]


@pytest.mark.parametrize("wrong", [{"of": "users"}, {"name": ""}, {"name": "x" * 61}, {"query": "a=" + "x" * 2001}])
def test_what_cannot_be_kept_is_refused(api: Api, viewer: User, wrong: dict[str, str]) -> None:
    assert api(viewer).post("/views/", {**VIEW, **wrong}).status_code == 422
    assert not SavedView.objects.exists()


def test_a_limited_token_changes_none(api: Api, viewer: User) -> None:
    assert api(viewer, scopes=["read"]).post("/views/", VIEW).status_code == 403


def test_another_teams_name_is_not_there(api: Api, web_client: Web, stranger: User, viewer: User) -> None:
    assert api(stranger).post("/views/", {**VIEW, "team": "payments"}).status_code == 422
    assert web_client(stranger).post("/views/save/", {**VIEW, "team": "payments"}).status_code == 404
