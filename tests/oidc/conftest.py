"""A real OpenID provider for these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from accounts.models import IdentityProvider
from accounts.oidc import published
from tests.oidc.provider import OpenIdProvider, new_provider, running


@pytest.fixture(scope="session")
def provider_process() -> Iterator[OpenIdProvider]:
    """The process, shared by all tests of a worker."""
    yield from running()


@pytest.fixture
def openid(provider_process: OpenIdProvider, valkey: Redis) -> OpenIdProvider:
    """It, as it was when it began: Alice signs in, in no group."""
    provider_process.reset()
    published.forget_all()
    return provider_process


@pytest.fixture
def acme(openid: OpenIdProvider, db: None) -> IdentityProvider:
    """The row that trusts it."""
    return new_provider(openid)
