"""Who owns what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.models import Service

if TYPE_CHECKING:
    from accounts.models import Team, User


def team_of_service(user: User, name: str) -> Team | None:
    """The team of the visible service of that name; None where there is none that the user may see."""
    found = Service.objects.visible_to(user).select_related("team").filter(name=name).first()
    return found.team if found else None
