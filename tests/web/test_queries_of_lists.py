"""A list costs at most twelve queries whoever asks (the budget of lists), its tools included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from tests.callers import PageClient
from tests.factories.deployments import checkout_target, new_release
from tests.factories.registered import new_grant
from tests.factories.services import seen_deployment

Web = Callable[[User], PageClient]
MOST = 12


@pytest.mark.parametrize("role", ["admin", "maintainer"])
@pytest.mark.parametrize("path", ["/services/", "/releases/", "/clusters/", "/audit/"])
def test_a_list_keeps_to_its_budget(
    web_client: Web, payments: Team, path: str, role: str, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue(role)
    target = checkout_target(payments, "dev")
    new_grant(payments, target.cluster)
    seen_deployment(target)
    new_release(target, by=user)
    browser = web_client(user)
    browser.get(path)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        browser.get(path)
    assert len(asked) <= MOST, "\n".join(query["sql"][:160] for query in asked)
