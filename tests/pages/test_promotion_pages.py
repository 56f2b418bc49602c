"""The pages of promotions: the matrix, the review, one under way, and the gate in the form of an environment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from deployments.models import Promotion
from services.models import Environment
from tests.factories.deployments import new_promotion, new_release
from tests.factories.services import new_service, new_target, seen_deployment
from tests.pages.browser import Visitor
from tests.pages.shop import Shop, open_shop

pytestmark = pytest.mark.browser

Address = Callable[[], str]


def _review() -> str:
    return "/promotions/start/?system=till&origin=dev&to=staging&max_parallel=3"


def _page() -> str:
    return Promotion.objects.get().get_absolute_url()


PAGES: dict[str, Address] = {
    "promotions": lambda: "/promotions/",
    "promotions-ahead": lambda: "/promotions/?ahead=on&system=till",
    "promotion-start": _review,
    "promotion": _page,
    "promotions-started": lambda: "/promotions/started/",
    "environment-edit": lambda: "/environments/prod/edit/",
}


@pytest.fixture
def till(payments: Team, admin: User) -> Shop:
    """The shop, and system till: `till` is ahead of staging, which is ahead of prod and soaks; a promotion goes on."""
    shop = open_shop(payments, admin)
    till = new_service("till", payments, system="till", depends_on=["ledger"])
    ledger = new_service("ledger", payments, system="till")
    for service in (till, ledger):
        for name, version in (("dev", "2.1.0"), ("staging", "2.0.0"), ("prod", "1.9.4")):
            target = new_target(service, name, shop.cluster)
            seen_deployment(target, f"registry.example/shop/{service.name}:{version}")
    gate = {"from": "staging", "soak_seconds": 3600, "require_success": True, "require_same_image": True}
    Environment.objects.filter(name="prod").update(promotion=gate)
    dev, staging = (Environment.objects.get(name=name) for name in ("dev", "staging"))
    promotion = new_promotion(ledger, dev, staging, by=admin)
    item = promotion.items.get()
    item.state = item.State.STARTED
    item.save()
    new_release(ledger.targets.get(environment=staging), "2.1.0", by=admin, promotion=promotion)
    return shop


@pytest.mark.parametrize("name", PAGES)
def test_it_is_accessible_and_fits_a_phone(visitor: Visitor, admin: User, till: Shop, name: str) -> None:
    visitor.sign_in(admin)
    visitor.go(PAGES[name]())
    visitor.shoot(name)

    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


def test_what_is_chosen_in_the_matrix_is_reviewed(visitor: Visitor, admin: User, till: Shop) -> None:
    visitor.sign_in(admin)
    page = visitor.go("/promotions/?system=till")

    page.get_by_label("Choose till").check()
    page.get_by_role("button", name="Review promoting").click()

    assert page.get_by_role("heading", name="Promote 1 service").is_visible()
    assert page.get_by_role("button", name="Promote 2.1.0 to staging").is_visible()
