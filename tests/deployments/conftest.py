"""A target of team payments that tests of releases act on."""

from __future__ import annotations

import pytest

from accounts.models import Team
from services.models import Target
from tests.factories.deployments import checkout_target


@pytest.fixture
def target(payments: Team) -> Target:
    """Service checkout of team payments in dev; no cluster answers behind it."""
    return checkout_target(payments, "dev")
