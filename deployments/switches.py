"""The environment in the crumbs of these pages is a switcher: the same page for the service's other environments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deployments.queries.releases import last_releases
from services.models import Target
from web.crumbs import Switch

if TYPE_CHECKING:
    from accounts.models import User


def between_environments(current: Target, targets: Iterable[Target], page: str) -> Switch:
    """To the page of that URL name (`deployments:deploy`) for each of the service's targets."""
    address = reverse(page, args=[current.service.name])
    choices = [
        (one.environment.name, f"{address}?{urlencode({'environment': one.environment.name})}", one.pk == current.pk)
        for one in targets
    ]
    return Switch(reverse("environment", args=[current.environment.name]), _("Another environment"), choices)


def between_last_releases(user: User, current: Target) -> Switch:
    """To the newest release in each environment that has one. Two queries."""
    targets = list(
        Target.objects.visible_to(user).filter(service=current.service_id).select_related("environment", "service")
    )
    newest = last_releases(targets)
    choices = [
        (one.environment.name, newest[one.pk].get_absolute_url(), one.pk == current.pk)
        for one in targets
        if one.pk in newest
    ]
    return Switch(
        reverse("environment", args=[current.environment.name]), _("Its release in another environment"), choices
    )
