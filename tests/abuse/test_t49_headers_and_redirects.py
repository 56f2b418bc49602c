"""T49: the headers that keep browsers safe, redirects that stay here, hosts that are ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.test import Client

from accounts.models import User
from tests.callers import ApiClient
from tests.factories.accounts import new_user

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("path", ["/sign-in/", "/settings/profile/", "/nowhere/", "/api/v1/me/", "/healthz/live"])
def test_t49_every_answer_carries_them(web_client: Callable[[User], Client], admin: User, path: str) -> None:
    answer = web_client(admin).get(path)
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "http" not in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "no-store" in answer["Cache-Control"]


def test_t49_the_session_cookie_is_not_for_scripts(anonymous: Client, db: None) -> None:
    new_user("ana", password=PASSWORD)
    answer = anonymous.post("/sign-in/", {"username": "ana", "password": PASSWORD})
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Lax", "")


def test_t49_outside_of_a_local_run_cookies_are_secure_and_https_is_remembered(tmp_path: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_") and k != "DJANGO_SETTINGS_MODULE"}
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_NAME", "DEBUG"]
    code = f"import json; from portal import settings as s; print(json.dumps([getattr(s, n) for n in {names}]))"
    keys = {
        "SLIPWAY_SECRET_KEY": token_urlsafe(64),
        "SLIPWAY_FIELD_KEYS": Fernet.generate_key().decode(),
        "SLIPWAY_REDIS_URL": f"rediss://:{token_urlsafe(24)}@redis.example:6379/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={**kept, **keys, "SLIPWAY_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [True, True, 31536000, "__Host-slipway-session", False]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        " https://evil.example",
        "http://testserver@evil.example/",
        "/%0d%0aSet-Cookie:x=y\r\nX: y",
    ],
)
def test_t49_signing_in_leads_nowhere_else(anonymous: Client, db: None, elsewhere: str) -> None:
    new_user("ana", password=PASSWORD)
    answer = anonymous.post("/sign-in/", {"username": "ana", "password": PASSWORD, "next": elsewhere})
    assert answer.status_code == 303
    assert "evil" not in answer["Location"].lower()
    assert answer["Location"].startswith("/")
    assert "\n" not in answer["Location"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "a b", ""])
def test_t49_a_foreign_host_header_is_refused(client: Client, db: None, host: str) -> None:
    answer = client.get("/sign-in/", headers={"Host": host or "[", "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()


def test_t49_a_forwarded_host_is_not_believed(api: Callable[..., ApiClient], admin: User) -> None:
    for number in range(2):
        new_user(f"u{number}")
    answer = api(admin).get("/users/?limit=1", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in answer.json()["next"]
