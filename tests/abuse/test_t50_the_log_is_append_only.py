"""T50: whoever has only the database's own language can neither change nor remove an entry, and each act in the code
says what was before and after."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from audit import chain, guard
from audit.models import Entry
from audit.tasks import seal
from tests.callers import ApiClient
from tests.house.files import ROOMS, python_files

Api = Callable[..., ApiClient]
# Verbs that take something in, change it or take it away, and what the entry has to hold then.
HOLDS = {"create": {"after"}, "edit": {"before", "after"}, "remove": {"before"}}


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET actor = 'mallory'",
        "UPDATE audit_entry SET address = '', token_name = ''",
        "UPDATE audit_entry SET before = NULL",
    ],
)
def test_t50_the_database_refuses_and_without_its_guard_the_chain_tells(api: Api, admin: User, sql: str) -> None:
    api(admin).post("/teams/", {"name": "orders"})
    api(admin).patch("/teams/orders/", {"title": "Orders"})
    seal()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert chain.verify().valid
    assert Entry.objects.count() == 2

    guard.take_down()
    with connection.cursor() as cursor:
        cursor.execute(sql)
    verdict = chain.verify()
    assert (verdict.valid, verdict.guarded) == (False, False)


def recorded() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of `audit(by, action, obj, ...)` in the rooms."""
    for file, tree in python_files(*ROOMS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "audit":
                yield file, node


def test_t50_every_act_names_its_actor_its_verb_and_its_object() -> None:
    calls = list(recorded())
    assert len(calls) > 60
    assert [f"{file}:{call.lineno}" for file, call in calls if len(call.args) != 3] == []


def test_t50_every_act_holds_what_its_verb_changed() -> None:
    lacking = [
        f"{file}:{call.lineno} {verb}"
        for file, call in recorded()
        for action in call.args[1:2]
        if isinstance(action, ast.Constant)
        for verb in [str(action.value).partition(".")[2]]
        if not HOLDS.get(verb, set()) <= {word.arg for word in call.keywords}
        and not any(word.arg is None for word in call.keywords)
    ]
    assert lacking == []
