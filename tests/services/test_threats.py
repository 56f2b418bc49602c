"""Threats of docs/security against the catalog: each test is named after its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from services.models import Environment, Service, Target
from tests.callers import ApiClient, PageClient
from tests.factories.services import new_service, new_target

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

CALLS: list[tuple[str, str, Any]] = [
    ("get", "/services/checkout/", None),
    ("patch", "/services/checkout/", {"title": "x"}),
    ("delete", "/services/checkout/", None),
    ("get", "/services/checkout/targets/", None),
    ("post", "/services/checkout/targets/", {"environment": "prod"}),
    ("get", "/services/checkout/targets/prod/", None),
    ("patch", "/services/checkout/targets/prod/", {"strategy": "rolling"}),
    ("delete", "/services/checkout/targets/prod/", None),
]
PAGES = ["", "edit/", "remove/", "targets/new/", "targets/prod/edit/", "targets/prod/remove/"]


@pytest.fixture
def in_prod(checkout: Service, prod: Environment) -> Target:
    """A service of team payments that runs in prod."""
    return new_target(checkout, prod)


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_t04_another_teams_service_is_not_there(
    api: Api, stranger: User, in_prod: Target, method: str, path: str, body: Any
) -> None:
    hidden = getattr(api(stranger), method)(path, body)
    absent = getattr(api(stranger), method)(path.replace("checkout", "no-such-one"), body)
    assert hidden.status_code == absent.status_code == 404
    for answer in (hidden, absent):
        answer.json_body = {**answer.json(), "instance": "", "request_id": ""}
    assert hidden.json_body == absent.json_body
    assert Service.objects.get().title == ""
    assert Target.objects.exists()


@pytest.mark.parametrize("page", PAGES)
def test_t04_another_teams_pages_are_not_there(web_client: Web, stranger: User, in_prod: Target, page: str) -> None:
    browser = web_client(stranger)
    assert browser.get(f"/services/checkout/{page}").status_code == 404
    assert browser.post(f"/services/checkout/{page}", {"confirm": "checkout"}).status_code in {404, 405}
    assert Target.objects.exists()


def test_t04_fragments_and_lists_do_not_tell_of_it(web_client: Web, stranger: User, in_prod: Target) -> None:
    browser = web_client(stranger)
    assert browser.fragment("/services/checkout/", "environments").status_code == 404
    for path in ("/services/?search=checkout", "/services/?environment=prod", "/palette/?q=checkout"):
        assert "/services/checkout/" not in browser.get(path).content.decode()
    assert 'environment=prod">0<' in browser.get("/environments/").content.decode()


def test_t01_nothing_is_shown_to_nobody(anonymous: Any, api: Api, in_prod: Target) -> None:
    for path in ("/services/", "/services/checkout/", "/services/import/", "/environments/", "/environments/prod/"):
        assert anonymous.get(path).status_code == 302
    for path in ("/services/", "/services/checkout/", "/services/checkout/targets/", "/environments/"):
        assert api().get(path).status_code == 401


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt://x.example/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/x",
        "https://good.example@evil.example/",
        "https://",
        "ht tp://x.example",
        "vbscript:x",
    ],
)
def test_t18_only_web_links_are_stored(api: Api, developer: User, checkout: Service, url: str) -> None:
    answer = api(developer).patch("/services/checkout/", {"links": [{"title": "x", "url": url}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/links/0/url"


def test_t18_what_people_and_labels_write_is_inert_text(web_client: Web, developer: User, checkout: Service) -> None:
    evil = "<img src=x onerror=alert(1)> {{7*7}} <a hx-get=/x hx-on:click=alert(1)>"
    Service.objects.filter(pk=checkout.pk).update(
        title=evil,
        description=evil,
        system=evil[:60],
        tags=[evil],
        annotations={evil: evil},
        provides_apis=[evil],
        depends_on=[evil],
        links=[{"title": evil, "url": "javascript:alert(1)"}, {"title": evil, "url": "https://ok.example/"}],
    )
    new_target(checkout, "prod", workload=evil)
    browser = web_client(developer)
    for path in ("/services/", "/services/checkout/", "/services/checkout/edit/"):
        page = browser.get(path).content.decode()
        assert "<img" not in page
        assert "<a hx-get" not in page
        assert "{{7*7}}" in page
        assert 'href="javascript:' not in page
    page = browser.get("/services/checkout/").content.decode()
    assert '<a href="https://ok.example/" rel="noopener noreferrer nofollow"' in page


def test_t47_lists_count_only_what_one_may_see(api: Api, stranger: User, in_prod: Target) -> None:
    new_service("mine", stranger.memberships.get().team)
    assert api(stranger).get("/services/").json()["count"] == 1
    assert api(stranger).get("/services/?team=payments").json()["count"] == 0


def test_t26_a_token_is_held_to_its_scopes(api: Api, developer: User, checkout: Service) -> None:
    reader = api(developer, scopes=["read", "deploy"])
    assert reader.get("/services/checkout/").status_code == 200
    answer = reader.patch("/services/checkout/", {"title": "x"})
    assert answer.status_code == 403
    assert "services:write" in answer.json()["detail"]
    assert api(developer, scopes=["services:write"]).patch("/services/checkout/", {"title": "x"}).status_code == 200
