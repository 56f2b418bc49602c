"""A source of team payments, senders that sign, and what registries post."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from redis import Redis

from accounts.models import Team, User
from services.models import Service
from tests.callers import ApiClient
from tests.factories.accounts import new_robot
from tests.factories.services import new_environment, new_service
from webhooks.models import WebhookSource

SECRET = "a-secret-of-some-length"
DIGEST = f"sha256:{'a' * 64}"
RULE = {"match": "acme/checkout:1.*", "service": "checkout", "environment": "dev"}

Send = Callable[..., Any]


def signed(body: bytes, secret: str = SECRET) -> str:
    """The header by which GitHub and others prove a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def new_source(team: Team, *, robot: User | None = None, **fields: Any) -> WebhookSource:
    """A source as its command leaves it, with SECRET."""
    robot = robot or User.objects.filter(username=f"registry@{team.name}").first() or new_robot(team, "registry")
    given = {"name": "registry", "kind": "generic", "rules": [RULE], "secret": {"now": SECRET}, **fields}
    return WebhookSource.objects.create(team=team, robot=robot, **given)


@pytest.fixture
def checkout(payments: Team) -> Service:
    """`checkout` of team payments, and an environment `dev`."""
    new_environment("dev")
    return new_service("checkout", payments)


@pytest.fixture
def source(checkout: Service, payments: Team) -> WebhookSource:
    """`registry`: 1.* of acme/checkout goes to dev."""
    return new_source(payments)


@pytest.fixture
def send(valkey: Redis) -> Send:
    """`send(body)`: what a sender posts, signed unless told otherwise; other headers by keyword."""

    def post(body: Any, *, source: str = "registry", signature: str | None = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if signature is None:
            named["X-Hub-Signature-256"] = signed(raw)
        elif signature:
            named["X-Hub-Signature-256"] = signature
        client = ApiClient(raise_request_exception=False)
        return client.generic("POST", f"/webhooks/{source}/", raw, content_type="application/json", headers=named)

    return post
