"""The palette finds charts, repositories and what is done with them, and nothing of another team."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from charts.finding import find_charts
from charts.models import ChartRepository, IndexedChart
from tests.callers import PageClient
from tests.factories.charts import new_upload

Web = Callable[[User], PageClient]


@pytest.fixture
def shop(db: None) -> ChartRepository:
    """A repository `web-shop` that offers the charts `redis` and `webhook`."""
    made = ChartRepository.objects.create(name="web-shop", kind="classic", url="https://charts.example.com")
    for name in ("redis", "webhook"):
        IndexedChart.objects.create(repository=made, name=name, versions=[])
    return made


@pytest.mark.both_databases
def test_charts_uploads_and_repositories_are_found_by_name(
    shop: ChartRepository, payments: Team, developer: User
) -> None:
    for version in ("1.0.0", "1.1.0"):
        new_upload(payments, version=version)
    with CaptureQueriesContext(connection) as asked:
        found = [(one.label, one.detail) for one in find_charts(developer, "web")]
    assert found == [("web", "uploads"), ("web-shop", "repository"), ("webhook", "web-shop")]
    assert len(asked) == 1
    assert not list(find_charts(developer, ""))


def test_each_leads_to_its_page(web_client: Web, shop: ChartRepository, developer: User) -> None:
    browser = web_client(developer)
    assert 'href="/charts/show/?chart=web-shop%2Fredis"' in browser.get("/palette/?q=redis").content.decode()
    assert 'href="/charts/repositories/#repository-web-shop"' in browser.get("/palette/?q=web-sh").content.decode()
    assert 'id="repository-web-shop"' in browser.get("/charts/repositories/").content.decode()


def test_only_who_may_upload_is_offered_it(web_client: Web, developer: User, viewer: User) -> None:
    assert 'href="/charts/upload/"' in web_client(developer).get("/palette/?q=upload").content.decode()
    assert 'href="/charts/upload/"' not in web_client(viewer).get("/palette/?q=upload").content.decode()


def test_t47_nothing_of_another_team_is_found(payments: Team, developer: User, stranger: User) -> None:
    new_upload(payments, "zebra")
    assert [one.label for one in find_charts(developer, "zebra")] == ["zebra"]
    assert not list(find_charts(stranger, "zebra"))
