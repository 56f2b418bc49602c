"""T38: a list as CSV: no cell that a spreadsheet evaluates, the same filters as the page, and an end."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from accounts.models import Team, User
from tests.callers import PageClient
from tests.factories.deployments import new_release
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_service, new_target, seen_deployment
from web import spreadsheet

Web = Callable[[User], PageClient]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("\r=1", "'\r=1"),
        ("a=1", "a=1"),
        (-1, "-1"),
        (True, "true"),
        (None, ""),
        (datetime(2026, 11, 24, 12, tzinfo=UTC), "2026-11-24T12:00:00Z"),
    ],
)
def test_t38_what_begins_like_a_formula_is_text(value: object, written: str) -> None:
    assert spreadsheet.cell(value) == written


def test_a_long_list_ends_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 3)
    lines = lines_of(spreadsheet.csv_answer("x", ["N"], ([n] for n in range(10))))
    assert lines[:4] == [["N"], ["0"], ["1"], ["2"]]
    assert lines[4][0].startswith("Only the first 3 rows")
    assert len(lines) == 5


def lines_of(answer: object) -> list[list[str]]:
    return list(csv.reader(b"".join(answer).decode().splitlines()))  # type: ignore[call-overload]


def test_each_list_is_exported_with_the_filters_of_its_page(
    web_client: Web, developer: User, payments: Team, admin: User
) -> None:
    cluster = saved_cluster("home", title='=HYPERLINK("https://evil.example")', status="connected")
    new_grant(payments, cluster)
    service = new_service("checkout", payments, title="=1+1")
    new_service("basket", payments)
    new_service("theirs")
    target = new_target(service, "dev", cluster)
    seen_deployment(target, "registry.example/shop/web:1.2.3")
    new_release(target, by=developer, note="@evil")
    browser = web_client(developer)

    services = browser.get("/services/?search=checkout&format=csv")
    assert services["Content-Type"].startswith("text/csv")
    assert services["Content-Disposition"] == 'attachment; filename="services.csv"'
    head, *rows = lines_of(services)
    assert [dict(zip(head, row, strict=True))["Title"] for row in rows] == ["'=1+1"]
    assert dict(zip(head, rows[0], strict=True))["Version"] == "1.2.3"
    assert [row[0] for row in lines_of(browser.get("/services/?format=csv"))[1:]] == ["basket", "checkout"]
    assert lines_of(browser.get("/clusters/?format=csv"))[1][1].startswith("'=HYPERLINK")
    assert lines_of(browser.get("/releases/?service=checkout&format=csv"))[1][13] == "'@evil"
    assert len(lines_of(browser.get("/releases/?service=basket&format=csv"))) == 1
    assert lines_of(web_client(admin).get("/audit/?format=csv"))[0][0] == "When"
