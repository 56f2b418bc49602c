"""T01: without signing in, no address answers anything but the way to sign in."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.abuse.routes import Route, all_routes
from tests.callers import ApiClient

# What must work before signing in: probes, the ways to sign in, signing out (does nothing), the theme cookie.
OPEN = {
    *("healthz_live", "healthz_ready", "sign_in", "sign_out", "choose_theme"),
    *("second_step", "passkey_sign_in", "passkey_options", "break_glass"),
}
# What carries its own proof, and is shown elsewhere to want it.
OPEN |= {"device_login", "device_token", "exchange", "webhook"}
# Identity providers send people back who are not signed in yet.
OPEN |= {"sign_in_local", "begin_sign_in", "finish_sign_in", "signed_out"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.mark.parametrize("route", [route for route in all_routes() if route.name not in OPEN], ids=str)
def test_t01_anonymous_calls_are_refused(db: None, route: Route) -> None:
    caller = ApiClient() if route.path.startswith("/api/v1/") and route.name != "docs" else Client()
    answers = {method: caller.generic(method, route.path) for method in METHODS}
    for method, answer in answers.items():
        assert answer.status_code in {302, 401, 405}, f"{method} {route.path}: {answer.status_code}"
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/?next=")
        if answer.status_code == 401:
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert answer["Content-Type"] == "application/problem+json"
    assert {answer.status_code for answer in answers.values()} & {302, 401}


def test_t01_what_is_open_is_only_what_is_listed() -> None:
    assert {route.name for route in all_routes()} >= OPEN
