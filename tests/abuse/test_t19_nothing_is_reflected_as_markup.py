"""T19: what a caller sends comes back as text; JSON is served as JSON and not to be sniffed."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import User
from tests.callers import ApiClient

MARKUP = ['"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "{{7*7}}", "' onmouseover='x", "</title><svg>"]
PAGES = [
    "/{0}/",
    "/settings/teams/?search={0}",
    "/settings/teams/{0}/",
    "/settings/users/?search={0}",
    "/settings/users/{0}/",
    "/audit/?search={0}",
    "/audit/?actor={0}&action={0}&object={0}&team={0}&since={0}",
    "/sign-in/?next={0}",
]


@pytest.mark.parametrize("page", PAGES)
def test_t19_pages_echo_text(web_client: Callable[[User], Client], admin: User, page: str) -> None:
    browser = web_client(admin)
    for markup in MARKUP:
        answer = browser.get(page.format(quote(markup, safe="")))
        text = answer.content.decode()
        for live in ("<script>alert", "<img src=x", "<svg>", "' onmouseover='x", ">49<"):
            assert live not in text, markup
        assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/nowhere/{0}/", "/teams/?search={0}", "/teams/?{0}=1", "/audit/?since={0}"])
def test_t19_the_api_answers_json_only(api: Callable[..., ApiClient], admin: User, path: str) -> None:
    answer = api(admin).get(path.format(quote("<script>alert(1)</script>", safe="")), headers={"Accept": "*/*"})
    assert answer["Content-Type"] in {"application/json", "application/problem+json"}
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_t19_a_form_that_is_refused_echoes_text(web_client: Callable[[User], Client], admin: User) -> None:
    typed = {"username": MARKUP[0], "email": MARKUP[1], "password": "correct horse battery"}
    page = web_client(admin).post("/settings/users/", typed).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
