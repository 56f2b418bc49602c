"""What the catalog shows of releases: the last one in each row, and the card of recent ones."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from deployments.queries import row_extras
from services.models import Target
from tests.callers import PageClient
from tests.factories.deployments import checkout_target, new_release

Web = Callable[[User], PageClient]


def test_a_row_knows_its_last_release_and_whether_it_runs(target: Target, developer: User) -> None:
    new_release(target, "1.8.0", phase="Succeeded")
    running = new_release(target, "1.9.0", by=developer)

    extra = row_extras([target])[target.pk]

    assert (extra["last_release"]["label"], extra["last_release"]["by"]) == ("1.9.0", "dev")
    shown = {"url": running.get_absolute_url(), "label": "1.9.0", "status": "progressing", "weight": None}
    assert extra["active_release"] == shown


def test_any_number_of_rows_costs_one_query(payments: Team) -> None:
    targets = [checkout_target(payments, name) for name in ("dev", "staging", "prod")]
    for target in targets:
        new_release(target)

    with CaptureQueriesContext(connection) as queries:
        found = row_extras(targets)

    assert len(found) == 3
    assert len(queries) == 1


def test_the_page_of_the_service_shows_them(web_client: Web, viewer: User, target: Target) -> None:
    release = new_release(target, "1.9.0", phase="Succeeded")

    page = web_client(viewer).get("/services/checkout/").content.decode()

    assert "Recent releases" in page
    assert page.count(release.get_absolute_url()) >= 2
    assert "/services/checkout/rollback/" in page
