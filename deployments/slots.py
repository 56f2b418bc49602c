"""Places on the page of a release that upper rooms fill: they append to `release_page` in their AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from deployments.models import Release
from web.slots import Slot

if TYPE_CHECKING:
    from accounts.models import User

release_page: list[Callable[[User, Release], Slot | None]] = []


def slots_of(user: User, release: Release) -> list[Slot]:
    """The cards that have something to show for the release, in the order they were registered."""
    return [slot for fill in release_page if (slot := fill(user, release)) is not None]
