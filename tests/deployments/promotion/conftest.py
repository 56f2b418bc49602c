"""The shop of team payments."""

from __future__ import annotations

import pytest

from accounts.models import Team, User
from tests.deployments.promotion.shop import Shop


@pytest.fixture
def shop(payments: Team, developer: User) -> Shop:
    """Environments dev, staging and prod; developer `dev` is of the team."""
    return Shop(payments)
