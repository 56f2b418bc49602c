"""Lists of tokens, robots, CI identities and webhooks ask as often for twelve rows as for two."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CiIdentity, Team, User
from services.models import Service
from tests.callers import ApiClient
from tests.factories.accounts import new_robot, token_of
from tests.webhooks.conftest import new_source
from webhooks.models import WebhookDelivery

PAGES = [
    "/settings/tokens/",
    "/settings/teams/payments/robots/",
    "/settings/teams/payments/robots/first/",
    "/settings/ci-identities/",
    "/settings/webhook-sources/",
    "/settings/webhook-sources/source-0/",
]
LISTS = [
    "/tokens/",
    "/teams/payments/robots/",
    "/teams/payments/robots/first/tokens/",
    "/ci-identities/",
    "/webhook-sources/",
    "/webhook-sources/source-0/deliveries/",
]
MOST = 15


def add_rows(team: Team, maintainer: User, numbers: range) -> None:
    first = User.objects.filter(username="first@payments").first() or new_robot(team, "first")
    for number in numbers:
        robot = new_robot(team, f"robot-{number}")
        token_of(maintainer, name=f"token-{number}")
        token_of(first, name=f"token-{number}")
        CiIdentity.objects.create(
            name=f"identity-{number}",
            team=team,
            robot=robot,
            provider="github",
            issuer="https://x.example",
            audience="a",
        )
        new_source(team, robot=robot, name=f"source-{number}")
    source = team.webhook_sources.get(name="source-0")
    result = {"match": "a", "service": "checkout", "environment": "dev", "image": "a:1", "outcome": "refused"}
    for number in numbers:
        WebhookDelivery.objects.create(
            source=source, key=f"id:{number}", body_hash="0", results=[result], done_at=timezone.now()
        )


@pytest.mark.parametrize("path", [*PAGES, *LISTS])
def test_more_rows_are_not_more_questions(
    web_client: Callable[[User], Client],
    api: Callable[..., ApiClient],
    payments: Team,
    maintainer: User,
    checkout: Service,
    path: str,
) -> None:
    caller = api(maintainer) if path in LISTS else web_client(maintainer)
    add_rows(payments, maintainer, range(2))
    caller.get(path)
    counts = []
    for numbers in (range(0), range(2, 12)):
        if numbers:
            add_rows(payments, maintainer, numbers)
        with CaptureQueriesContext(connection) as asked:
            assert caller.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= MOST
