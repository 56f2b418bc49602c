"""Promotions of several services, and the services of the matrix; never more than the asker may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from deployments.models import Promotion, PromotionItem, Release
from deployments.promotion.ahead import ahead_of_something
from services.models import Service
from services.queries import service_list
from web.errors import Invalid, NotFound

if TYPE_CHECKING:
    from accounts.models import User

# Attributes of Promotion. Written out below, the type checker would take them for new ones.
SEEN_ITEMS: str = "seen_items"
BEGUN: str = "begun"
UNLISTED = tuple(name for name in Service.UNLISTED if name != "depends_on")


def promotion_list(user: User) -> QuerySet[Promotion]:
    """Promotions that the user may see, newest first."""
    return Promotion.objects.visible_to(user).select_related("origin", "to", "created_by")


def promotions_with_services(user: User) -> QuerySet[Promotion]:
    """The same with `seen_items`, the services that the user may see, by wave and name, and `begun`, their releases."""
    items = PromotionItem.objects.filter(service__in=Service.objects.visible_to(user))
    items = items.select_related("service__team").order_by("wave", "service__name")
    releases = Release.objects.select_related("target").only(
        "id", "number", "status", "phase", "reason", "ended", "promotion_id", "target__service_id"
    )
    return promotion_list(user).prefetch_related(
        Prefetch("items", items, to_attr=SEEN_ITEMS), Prefetch("releases", releases, to_attr=BEGUN)
    )


def promotion_named(user: User, promotion_id: UUID | str) -> Promotion:
    """One of them with its services. Raises NotFound, also for a hidden one."""
    promotion = promotions_with_services(user).filter(pk=promotion_id).first()
    if promotion is None:
        raise NotFound(_("There is no promotion %(id)s that you may see.") % {"id": promotion_id})
    return promotion


def matrix_services(
    user: User, *, search: str = "", team: str = "", system: str = "", ahead: bool = False
) -> QuerySet[Service]:
    """The services of the matrix, by name; with `ahead` only those that are, somewhere."""
    found = service_list(user, search=search, team=team, system=system).defer(*Service.UNLISTED).order_by("name")
    return only_ahead(found)[0] if ahead else found


def only_ahead(services: QuerySet[Service]) -> tuple[QuerySet[Service], int]:
    """Of these services those that are ahead somewhere, and how many they are. Asks the database."""
    ids = ahead_of_something(services)
    return services.filter(pk__in=ids), len(ids)


def services_of_system(user: User, system: str) -> list[Service]:
    """The services of a system that the user may see, by name. Raises Invalid where there is none."""
    found = list(service_list(user, system=system).defer(*UNLISTED).order_by("name")) if system else []
    if not found:
        raise Invalid.at(
            "/system", "unknown_system", _("There is no system “%(name)s” that you may see.") % {"name": system}
        )
    return found


def services_named(user: User, names: Sequence[str]) -> list[Service]:
    """The services of these names, by name. Raises Invalid at the first that is unknown or hidden."""
    wanted = list(dict.fromkeys(names))
    found = list(service_list(user).filter(name__in=wanted).defer(*UNLISTED).order_by("name"))
    known = {service.name for service in found}
    for index, name in enumerate(wanted):
        if name not in known:
            words = _("There is no service “%(name)s” that you may see.") % {"name": name}
            raise Invalid.at(f"/services/{index}", "unknown_service", words)
    return found
