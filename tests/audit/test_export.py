"""The log as lines of JSON: all that fits the filters, however much, each line with its place in the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from accounts.models import Team, User
from audit import chain
from audit.export import compare
from audit.models import Entry
from audit.record import audit
from audit.tasks import seal
from tests.callers import ApiClient
from tests.factories.accounts import new_team, new_user, token_of
from web import json_lines

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]
LINES = {"Accept": "application/x-ndjson"}


@pytest.fixture
def entries(admin: User, developer: User, payments: Team) -> None:
    for number in range(7):
        audit(admin if number % 2 else developer, "team.edit", payments, team="payments", after={"n": number, "x": 0.5})
    seal()


def lines(answer: Any) -> list[dict[str, Any]]:
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-ndjson")
    return [orjson.loads(line) for line in answer.getvalue().splitlines()]


def test_over_rest_by_its_media_type(api: Api, admin: User, entries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "PORTION", 3)
    text = api(admin).get("/audit/", headers=LINES).getvalue()
    found = [orjson.loads(line) for line in text.splitlines()]
    assert [line["number"] for line in found] == [1, 2, 3, 4, 5, 6, 7]
    assert found[1]["prev_hash"] == found[0]["hash"]
    compared = compare(text.splitlines())
    assert (compared.lines, compared.broken_at) == (7, None)


def test_filters_and_what_one_may_read_are_kept(api: Api, admin: User, developer: User, entries: None) -> None:
    assert len(lines(api(admin).get("/audit/?actor=ada", headers=LINES))) == 3
    assert {line["actor"] for line in lines(api(developer).get("/audit/", headers=LINES))} == {"dev"}
    refused = api(admin).get("/audit/?since=yesterday", headers=LINES)
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")


def test_the_page_has_a_button_for_the_same(web_client: Browser, admin: User, entries: None) -> None:
    browser = web_client(admin)
    page = browser.get("/audit/?actor=ada&page=1").content.decode()
    assert 'href="?actor=ada&amp;format=jsonl"' in page
    answer = browser.get("/audit/?actor=ada&format=jsonl")
    assert answer["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert len(lines(answer)) == 3


def test_a_line_holds_all_that_its_hash_covers(entries: None, api: Api, admin: User) -> None:
    line = lines(api(admin).get("/audit/", headers=LINES))[4]
    content = {name: line[name] for name in chain.SEALED_FIELDS[line["seal"]]}
    assert chain.link(5, line["prev_hash"], content) == line["hash"] == Entry.objects.get(number=5).hash


@pytest.mark.django_db(transaction=True)
async def test_an_asgi_server_gets_it_portion_by_portion(valkey: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Collected whole, a long log would take the memory of the web process."""
    monkeypatch.setattr(json_lines, "PORTION", 2)

    def prepare() -> str:
        ada, team = new_user("ada", is_admin=True), new_team()
        for _ in range(5):
            audit(ada, "team.edit", team)
        return token_of(ada)

    token = await sync_to_async(prepare)()
    answer = await AsyncClient().get("/api/v1/audit/", headers={**LINES, "Authorization": f"Bearer {token}"})
    portions = [portion async for portion in answer]
    assert [portion.count(b"\n") for portion in portions] == [2, 2, 1]
