"""The environments with what runs in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from services.models import Environment, Target

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class EnvironmentRow:
    """An environment and how many of the targets in it the user may see."""

    environment: Environment
    targets: int


def environment_rows(user: User) -> list[EnvironmentRow]:
    """All environments in their order. Two queries."""
    counted = Target.objects.visible_to(user).order_by().values("environment").annotate(number=Count("pk"))
    numbers = {item["environment"]: item["number"] for item in counted}
    return [EnvironmentRow(environment, numbers.get(environment.pk, 0)) for environment in Environment.objects.all()]


def environment_names() -> list[str]:
    """The names of all environments in their order."""
    return list(Environment.objects.values_list("name", flat=True))
