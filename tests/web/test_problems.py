"""Every error is told in the form its caller reads: a problem document, a page, a fragment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings

import portal.urls
from accounts.models import User
from tests.callers import ApiClient
from web.errors import Conflict
from web.problems import document

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]

MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (lambda api: api.get("/teams/nowhere/"), 404),
        (lambda api: api.get("/nowhere/"), 404),
        (lambda api: api.delete("/teams/"), 405),
        (lambda api: api.get("/teams/", headers={"Accept": "text/html"}), 406),
        (lambda api: api.post("/teams/", "name=x", content_type="application/x-www-form-urlencoded"), 415),
        (lambda api: api.post("/teams/", "{", content_type="application/json"), 400),
        (lambda api: api.post("/teams/", "[" * 40 + "]" * 40, content_type="application/json"), 400),
        (lambda api: api.post("/teams/", {"name": "Not A Name"}), 422),
        (lambda api: api.get("/teams/?colour=blue"), 400),
        (lambda api: api.get("/teams/?search=a%00b"), 400),
        (lambda api: api.get("/teams/a%00b/"), 400),
    ],
)
def test_the_api_answers_problem_documents(
    api: Api, admin: User, call: Callable[[ApiClient], object], status: int
) -> None:
    answer = call(api(admin))
    problem = answer.json()
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert problem.keys() >= MEMBERS
    assert (problem["status"], problem["request_id"]) == (status, answer["X-Request-Id"])
    assert problem["instance"].startswith("/api/v1/")


def test_an_unknown_error_tells_its_number_and_nothing_else(api: Api, admin: User, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.web.test_problems"
    answer = ApiClient(raise_request_exception=False).get("/api/v1/crash/")
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer["X-Request-Id"]
    assert "secret detail" not in answer.content.decode()


def test_a_page_shows_what_failed_and_what_to_do(web_client: Browser, admin: User, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.web.test_problems"
    answer = web_client(admin).get("/refuse/")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "<html" in page
    assert "Release 7 of checkout is running." in page
    assert "Wait for it." in page


def test_htmx_gets_the_fragment_alone(web_client: Browser, admin: User, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.web.test_problems"
    answer = web_client(admin).get("/refuse/", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "<html" not in answer.content.decode()
    assert "Release 7 of checkout is running." in answer.content.decode()


def test_a_page_that_is_not_there(web_client: Browser, admin: User) -> None:
    answer = web_client(admin).get("/nowhere/")
    assert answer.status_code == 404
    assert answer["X-Request-Id"] in answer.content.decode()


@pytest.mark.parametrize("address", ["/services/?search=a%00b", "/services/a%00b/"])
def test_a_page_reads_no_nul(web_client: Browser, admin: User, address: str) -> None:
    assert web_client(admin).get(address).status_code == 400


def test_empty_members_are_left_out() -> None:
    problem = document(Conflict("No.", next="", blocked_by=[], step="tls"), "/x")
    assert "next" not in problem
    assert "blocked_by" not in problem
    assert problem["step"] == "tls"


def test_what_a_caller_offers_as_request_id_is_used_when_harmless(api: Api, admin: User) -> None:
    caller = api(admin)
    assert caller.get("/me/", headers={"X-Request-Id": "ci-run/4711"})["X-Request-Id"] == "ci-run/4711"
    for bad in ("", "x" * 129, "a b", "<script>", "ü"):
        assert caller.get("/me/", headers={"X-Request-Id": bad})["X-Request-Id"] not in {"", bad}


def crash(request: object) -> None:
    """A view with a bug."""
    raise RuntimeError("secret detail")


def refuse(request: object) -> None:
    """A view whose command refuses."""
    raise Conflict("Release 7 of checkout is running.", next="Wait for it.")


urlpatterns = [path("api/v1/crash/", crash), path("refuse/", refuse), *portal.urls.urlpatterns]
handler500 = "web.problems.crashed"
