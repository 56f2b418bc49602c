"""T17: keys are made for each installation, demanded at boot, and shown to nobody, not even to admins."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Token, User
from tests.abuse.routes import all_routes
from tests.callers import ApiClient
from tests.factories.accounts import token_of


def boot(home: Path, **own: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_") and k != "DJANGO_SETTINGS_MODULE"}
    code = "from portal import settings as s; print(s.SECRET_KEY, s.FIELD_KEYS[0])"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={**kept, "SLIPWAY_HOME": str(home), **own},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def test_t17_without_a_key_it_does_not_boot(tmp_path: Path) -> None:
    done = boot(tmp_path)
    assert done.returncode != 0
    assert "SLIPWAY_SECRET_KEY is not set" in done.stderr


def test_t17_two_installations_have_two_keys(tmp_path: Path) -> None:
    made = [boot(tmp_path / name, SLIPWAY_LOCAL="1").stdout.split() for name in ("a", "b", "a")]
    assert made[0] == made[2]
    assert not set(made[0]) & set(made[1])
    for file in (tmp_path / "a" / "keys").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("role", ["admin", "maintainer"])
def test_t17_no_page_and_no_answer_shows_a_key(
    web_client: Callable[[User], Client],
    api: Callable[..., ApiClient],
    request: pytest.FixtureRequest,
    role: str,
) -> None:
    user: User = request.getfixturevalue(role)
    user.set_password("correct horse battery")
    user.save()
    raw = token_of(user)
    secrets = [settings.SECRET_KEY, *settings.FIELD_KEYS, user.password, raw, Token.objects.first().hash, "argon2"]
    browser, caller = web_client(user), api(user)
    browser.raise_request_exception = False
    for route in all_routes():
        answer = (caller if route.path.startswith("/api/") and route.name != "docs" else browser).get(route.path)
        text = b"".join(answer) if answer.streaming else answer.content
        assert answer.status_code != 500, route.path
        assert not [secret for secret in secrets if secret.encode() in text], route.path


def test_t17_errors_show_no_settings(web_client: Callable[[User], Client], admin: User) -> None:
    answer = web_client(admin).get("/nowhere/")
    assert not settings.DEBUG
    assert b"SECRET_KEY" not in answer.content
