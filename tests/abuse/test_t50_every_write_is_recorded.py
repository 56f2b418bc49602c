"""T50: whoever changes something is found in the audit log, with what was before and after."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit import chain
from audit.models import Entry
from audit.tasks import seal
from tests.callers import ApiClient
from tests.factories.accounts import new_user

Api = Callable[..., ApiClient]
PASSWORD = "correct horse battery"

WRITES = [
    ("post", "/users/", {"username": "new", "password": PASSWORD}, "user.create"),
    ("patch", "/users/lin/", {"email": "lin@shop.example"}, "user.edit"),
    ("patch", "/users/lin/", {"password": PASSWORD}, "user.set_password"),
    ("post", "/teams/", {"name": "orders"}, "team.create"),
    ("patch", "/teams/payments/", {"title": "Money"}, "team.edit"),
    ("post", "/teams/payments/members/", {"user": "lin", "role": "viewer"}, "team.add_member"),
    ("delete", "/teams/payments/members/dev/", None, "team.remove_member"),
    ("post", "/tokens/", {"name": "another"}, "token.create"),
]


@pytest.mark.parametrize(("method", "path", "body", "action"), WRITES, ids=[write[3] for write in WRITES])
def test_t50_every_write_is_recorded(
    api: Api, admin: User, developer: User, method: str, path: str, body: dict[str, str] | None, action: str
) -> None:
    new_user("lin")
    answer = getattr(api(admin), method)(path, body, headers={"X-Request-Id": "r-1"})
    assert answer.status_code in {200, 201, 204}
    entry = Entry.objects.get()
    assert (entry.action, entry.actor, entry.token_name, entry.request_id) == (action, "ada", "ci", "r-1")
    assert PASSWORD not in f"{entry.before}{entry.after}{entry.data}"
    seal()
    assert chain.verify().checked == 1


@pytest.mark.parametrize(("method", "path", "body", "action"), WRITES[:-1], ids=[write[3] for write in WRITES[:-1]])
def test_t50_what_was_refused_is_not_recorded_as_done(
    api: Api, viewer: User, developer: User, method: str, path: str, body: dict[str, str] | None, action: str
) -> None:
    new_user("lin")
    assert getattr(api(viewer), method)(path, body).status_code in {403, 404}
    assert not Entry.objects.exists()


def test_t50_nobody_writes_to_the_log_or_removes_from_it(api: Api, admin: User) -> None:
    caller = api(admin)
    caller.post("/teams/", {"name": "orders"})
    for method in ("post", "put", "patch", "delete"):
        assert getattr(caller, method)("/audit/").status_code == 405
    assert Entry.objects.count() == 1
