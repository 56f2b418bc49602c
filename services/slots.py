"""Places on the pages of the catalog that upper rooms fill: they append to these lists in their AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from services.models import Environment, Service
from web.slots import Slot

if TYPE_CHECKING:
    from accounts.models import User

__all__ = ["Slot", "environment_page", "service_page", "slots_of", "slots_of_environment"]

service_page: list[Callable[[User, Service], Slot | None]] = []
environment_page: list[Callable[[User, Environment], Slot | None]] = []


def slots_of(user: User, service: Service) -> list[Slot]:
    """The cards that have something to show for the service, in the order they were registered."""
    return [slot for fill in service_page if (slot := fill(user, service)) is not None]


def slots_of_environment(user: User, environment: Environment) -> list[Slot]:
    """The cards of an environment's page, in the order they were registered."""
    return [slot for fill in environment_page if (slot := fill(user, environment)) is not None]
