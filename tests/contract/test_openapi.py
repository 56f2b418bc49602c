"""The schema is OpenAPI 3.1, is what docs/openapi.yaml says, and can be read as a page."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from drf_spectacular.validation import validate_schema

from accounts.models import User
from portal.openapi import FILE, as_yaml, document
from tests.callers import ApiClient


def test_the_file_in_the_repository_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == as_yaml(), "run manage.py openapi and commit docs/openapi.yaml"


def test_it_is_valid_openapi() -> None:
    assert document()["openapi"] == "3.1.1"
    validate_schema(document())


# These carry their own proof.
ANONYMOUS = {
    "/api/v1/auth/device/",
    "/api/v1/auth/device/token/",
    "/api/v1/auth/exchange/",
    "/api/v1/webhooks/{source}/",
}


def test_every_call_tells_how_to_sign_in_and_how_it_fails() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            named = [name for scheme in operation.get("security", ()) for name in scheme]
            assert ({"token", "session"} <= set(named)) == (path not in ANONYMOUS), f"{method} {path}"
            assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_it_is_served(api: Callable[..., ApiClient], developer: User) -> None:
    assert api(developer).get("/schema/").json()["paths"].keys() == document()["paths"].keys()


def test_the_page_shows_every_call(web_client: Callable[[User], Client], developer: User) -> None:
    page = web_client(developer).get("/api/v1/docs/").content.decode()
    for path in document()["paths"]:
        assert path in page
    assert "<script" not in page.split("</head>")[1]
