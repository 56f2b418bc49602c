"""Places on the service page that upper rooms fill: they append to `service_page` in their AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from services.models import Service

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Slot:
    """One card: `key` names it in the page, `template` is rendered with `context` as `slot`."""

    key: str
    title: str | Promise
    template: str
    context: dict[str, Any]


service_page: list[Callable[[User, Service], Slot | None]] = []


def slots_of(user: User, service: Service) -> list[Slot]:
    """The cards that have something to show for the service, in the order they were registered."""
    return [slot for fill in service_page if (slot := fill(user, service)) is not None]
