"""Changing what the catalog says about a service."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from audit.models import Entry
from services.models import Service
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_team

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


def test_it_changes_what_is_given_and_keeps_the_rest(api: Api, developer: User, checkout: Service) -> None:
    api(developer).patch("/services/checkout/", {"description": "Old", "tags": ["a"]})
    answer = api(developer).patch("/services/checkout/", {"description": "New"})
    assert answer.status_code == 200
    assert (answer.json()["description"], answer.json()["tags"]) == ("New", ["a"])
    assert answer["ETag"] == '"3"'


def test_it_is_audited_with_before_and_after(api: Api, developer: User, checkout: Service) -> None:
    api(developer).patch("/services/checkout/", {"title": "Till"})
    entry = Entry.objects.get(action="service.edit")
    assert (entry.before["title"], entry.after["title"]) == ("", "Till")


def test_an_edit_that_changes_nothing_leaves_no_trace(api: Api, developer: User, checkout: Service) -> None:
    assert api(developer).patch("/services/checkout/", {"title": ""})["ETag"] == '"1"'
    assert not Entry.objects.filter(action="service.edit").exists()


def test_an_edit_of_an_old_version_is_refused(api: Api, developer: User, checkout: Service) -> None:
    caller = api(developer)
    read = caller.get("/services/checkout/")["ETag"]
    assert caller.patch("/services/checkout/", {"title": "One"}, headers={"If-Match": read}).status_code == 200
    assert caller.patch("/services/checkout/", {"title": "Two"}, headers={"If-Match": read}).status_code == 412
    assert Service.objects.get().title == "One"


def test_the_name_stays(api: Api, developer: User, checkout: Service) -> None:
    answer = api(developer).patch("/services/checkout/", {"name": "till"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"


def test_handing_it_over_takes_rights_in_both_teams(api: Api, developer: User, checkout: Service) -> None:
    ledger = new_team("ledger")
    assert api(developer).patch("/services/checkout/", {"team": "ledger"}).status_code == 422
    member_of(ledger, "viewer", developer)
    assert api(developer).patch("/services/checkout/", {"team": "ledger"}).status_code == 403
    member_of(ledger, "developer", developer)
    assert api(developer).patch("/services/checkout/", {"team": "ledger"}).json()["team"] == "ledger"


def test_viewers_may_not(api: Api, viewer: User, checkout: Service) -> None:
    assert api(viewer).patch("/services/checkout/", {"title": "Mine"}).status_code == 403


def test_the_form_shows_and_saves(web_client: Web, developer: User, checkout: Service) -> None:
    browser = web_client(developer)
    assert "Edit checkout" in browser.get("/services/checkout/edit/").content.decode()
    typed = {"team": "payments", "lifecycle": "deprecated", "system": "shop", "version": "1"}
    assert browser.post("/services/checkout/edit/", typed)["Location"] == "/services/checkout/"
    assert Service.objects.get().lifecycle == "deprecated"


def test_the_form_does_not_overwrite_a_colleague(web_client: Web, api: Api, developer: User, checkout: Service) -> None:
    browser = web_client(developer)
    browser.get("/services/checkout/edit/")
    api(developer).patch("/services/checkout/", {"title": "Theirs"})
    typed = {"team": "payments", "lifecycle": "production", "title": "Mine", "version": "1"}
    answer = browser.post("/services/checkout/edit/", typed)
    assert answer.status_code == 422
    assert 'value="Mine"' in answer.content.decode()
    assert "changed since you read it" in answer.content.decode()
    assert Service.objects.get().title == "Theirs"
