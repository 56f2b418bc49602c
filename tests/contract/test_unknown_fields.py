"""A field that a call does not know is told as such, also where our own code has an argument of that name."""

from __future__ import annotations

import pytest

from accounts.models import Team, User
from tests.callers import ApiClient
from tests.factories.accounts import new_robot, new_user
from tests.factories.services import new_environment, new_service
from tests.webhooks.conftest import new_source

MADE = ("/environments/", "/services/", "/audit/sinks/", "/notification-channels/", "/analysis-templates/")
EDITED = ("/environments/dev/", "/services/checkout/", "/webhook-sources/registry/")


@pytest.fixture
def admin_caller(valkey: object, payments: Team) -> ApiClient:
    new_environment("dev")
    new_service("checkout", payments)
    new_robot(payments, "registry")
    new_source(payments)
    return ApiClient.of(new_user("ada", is_admin=True))


@pytest.mark.parametrize("path", MADE)
def test_where_something_is_made(admin_caller: ApiClient, path: str) -> None:
    answer = admin_caller.post(path, {"name": "x", "team": "payments", "by": "me"})
    assert answer.status_code == 422, answer.content
    assert "/by" in [one["pointer"] for one in answer.json()["errors"]]


@pytest.mark.parametrize("path", ["/webhook-sources/", "/ci-identities/"])
def test_where_something_acts_as_a_robot(admin_caller: ApiClient, path: str) -> None:
    answer = admin_caller.post(path, {"name": "x", "kind": "generic", "robot": "registry@payments", "by": "me"})
    assert answer.status_code == 422, answer.content
    assert "/by" in [one["pointer"] for one in answer.json()["errors"]]


@pytest.mark.parametrize("path", EDITED)
def test_where_something_is_edited(admin_caller: ApiClient, path: str) -> None:
    answer = admin_caller.patch(path, {"by": "me"})
    assert answer.status_code == 422, answer.content
    assert "/by" in [one["pointer"] for one in answer.json()["errors"]]


def test_an_environment_that_is_no_name(admin_caller: ApiClient, maintainer: User) -> None:
    wish = {"environment": ["dev"], "cluster": "c", "namespace": "n", "workload": "w"}
    assert ApiClient.of(maintainer).post("/services/checkout/targets/", wish).status_code in (403, 422)
