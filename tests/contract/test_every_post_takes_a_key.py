"""Every POST of the API takes an Idempotency-Key, and every address keeps the rules of lists and limits."""

from __future__ import annotations

import pytest

from durable.idempotency import IdempotentMixin
from tests.abuse.routes import Route, all_routes
from web.api import ApiView

API = [route for route in all_routes() if route.path.startswith("/api/v1/") and hasattr(route.view, "cls")]


def takes_post(route: Route) -> bool:
    actions = getattr(route.view, "actions", None)
    return "post" in actions if actions else hasattr(route.view.cls, "post")


@pytest.mark.parametrize("route", [route for route in API if takes_post(route)], ids=str)
def test_every_post_takes_a_key(route: Route) -> None:
    assert issubclass(route.view.cls, IdempotentMixin)


@pytest.mark.parametrize("route", API, ids=str)
def test_every_address_has_the_common_base(route: Route) -> None:
    assert issubclass(route.view.cls, ApiView)
