"""T24: a session alone, without the page's own proof, writes nothing."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import Team, User

ADDRESS = "/api/v1/teams/"


@pytest.fixture
def browser(admin: User) -> Client:
    """Signed in, as strict about CSRF as in earnest."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def proof(browser: Client) -> str:
    page = browser.get("/settings/teams/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"name": "planted"}', "text/plain"),
        ('{"name": "planted"}', "application/json"),
        ("name=planted", "application/x-www-form-urlencoded"),
        ("", "multipart/form-data; boundary=x"),
    ],
)
def test_t24_a_session_without_proof_writes_nothing_over_rest(browser: Client, body: str, kind: str) -> None:
    answer = browser.post(ADDRESS, body, content_type=kind)
    assert answer.status_code == 403
    assert not Team.objects.exists()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_t24_even_with_proof_only_json_is_read(browser: Client, kind: str) -> None:
    headers = {"X-CSRFToken": proof(browser)}
    assert browser.post(ADDRESS, '{"name": "planted"}', content_type=kind, headers=headers).status_code == 415
    assert not Team.objects.exists()


@pytest.mark.parametrize("origin", ["http://evil.testserver", "https://evil.example", "null", "http://testserver.evil"])
def test_t24_a_sibling_or_foreign_origin_is_refused_even_with_proof(browser: Client, origin: str) -> None:
    headers = {"X-CSRFToken": proof(browser), "Origin": origin}
    api = browser.post(ADDRESS, '{"name": "planted"}', content_type="application/json", headers=headers)
    page = browser.post("/settings/teams/", {"name": "planted", "csrfmiddlewaretoken": proof(browser)}, headers=headers)
    assert (api.status_code, page.status_code) == (403, 403)
    assert not Team.objects.exists()


@pytest.mark.parametrize(
    "path", ["/settings/teams/", "/settings/users/", "/settings/tokens/", "/sign-out/", "/sign-in/"]
)
def test_t24_pages_want_proof_too(browser: Client, path: str) -> None:
    answer = browser.post(path, {"name": "planted"})
    assert answer.status_code == 403
    assert "proof of origin" in answer.content.decode()


def test_t24_the_page_itself_can_write(browser: Client) -> None:
    headers = {"X-CSRFToken": proof(browser), "Origin": "http://testserver"}
    body = '{"name": "payments"}'
    assert browser.post(ADDRESS, body, content_type="application/json", headers=headers).status_code == 201


def test_t24_the_proof_of_one_session_does_not_serve_another(browser: Client, developer: User) -> None:
    other = Client(enforce_csrf_checks=True)
    other.force_login(developer, backend="django.contrib.auth.backends.ModelBackend")
    answer = browser.post("/settings/teams/", {"name": "planted", "csrfmiddlewaretoken": proof(other)})
    assert answer.status_code == 403
