"""Places on the service page that upper rooms fill: they append to `service_page` in their AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from services.models import Service
from web.slots import Slot

if TYPE_CHECKING:
    from accounts.models import User

__all__ = ["Slot", "service_page", "slots_of"]

service_page: list[Callable[[User, Service], Slot | None]] = []


def slots_of(user: User, service: Service) -> list[Slot]:
    """The cards that have something to show for the service, in the order they were registered."""
    return [slot for fill in service_page if (slot := fill(user, service)) is not None]
