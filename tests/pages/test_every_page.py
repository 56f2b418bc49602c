"""Every page: no barrier that axe finds in either theme, no error in the console, nothing wider than a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Team, User
from sinks.models import AuditSink
from tests.factories.sinks import new_sink
from tests.pages.browser import Visitor
from tests.pages.shop import Shop, open_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Address = Callable[[Shop], str]


def _failing_sink() -> AuditSink:
    """One that has not been reached for a while."""
    sink = new_sink("central")
    sink.failing_since, sink.attempts, sink.error = (
        timezone.now(),
        3,
        "127.0.0.1:9 does not take it: Connection refused",
    )
    sink.due_at = timezone.now() + timedelta(minutes=5)
    sink.save()
    return sink


PAGES: dict[str, Address] = {
    "home": lambda shop: "/",
    "services": lambda shop: "/services/",
    "service": lambda shop: "/services/checkout/",
    "service-new": lambda shop: "/services/new/",
    "service-edit": lambda shop: "/services/checkout/edit/",
    "service-import": lambda shop: "/services/import/",
    "target-new": lambda shop: "/services/checkout/targets/new/",
    "environments": lambda shop: "/environments/",
    "environment-windows": lambda shop: "/environments/prod/freeze-windows/",
    "environment": lambda shop: "/environments/prod/",
    "releases": lambda shop: "/releases/",
    "release": lambda shop: shop.moving.get_absolute_url(),
    "release-failed": lambda shop: shop.failed.get_absolute_url(),
    "analysis-templates": lambda shop: "/analysis-templates/",
    "analysis-template": lambda shop: "/analysis-templates/success-rate/",
    "analysis-template-new": lambda shop: "/analysis-templates/new/?from=success-rate",
    "approvals": lambda shop: "/approvals/",
    "approval": lambda shop: shop.approval.get_absolute_url(),
    "release-waiting": lambda shop: shop.approval.release.get_absolute_url(),
    "release-held": lambda shop: shop.held.get_absolute_url(),
    "channels": lambda shop: "/settings/channels/",
    "channel": lambda shop: f"/settings/channels/{shop.channel.pk}/",
    "strategy": lambda shop: "/services/checkout/targets/prod/strategy/",
    "strategy-environment": lambda shop: "/environments/prod/strategy/",
    "deploy": lambda shop: "/services/checkout/deploy/?environment=dev",
    "clusters": lambda shop: "/clusters/",
    "cluster": lambda shop: "/clusters/harbour/",
    "cluster-register": lambda shop: "/clusters/new/",
    "grants": lambda shop: "/grants/",
    "charts": lambda shop: "/charts/",
    "chart-find": lambda shop: "/charts/find/",
    "chart-repositories": lambda shop: "/charts/repositories/",
    "chart-upload": lambda shop: "/charts/upload/",
    "audit": lambda shop: "/audit/",
    "audit-sinks": lambda shop: "/settings/audit-sinks/",
    "audit-sink": lambda shop: _failing_sink().get_absolute_url(),
    "profile": lambda shop: "/settings/profile/",
    "tokens": lambda shop: "/settings/tokens/",
    "token": lambda shop: f"/settings/tokens/{shop.token.pk}/",
    "robots": lambda shop: "/settings/teams/payments/robots/",
    "robot": lambda shop: "/settings/teams/payments/robots/ci/",
    "ci-identities": lambda shop: "/settings/ci-identities/",
    "ci-identity": lambda shop: "/settings/ci-identities/checkout/",
    "webhook-sources": lambda shop: "/settings/webhook-sources/",
    "webhook-source": lambda shop: "/settings/webhook-sources/registry/",
    "device": lambda shop: "/device/?code=WDJB-MJHT",
    "teams": lambda shop: "/settings/teams/",
    "team": lambda shop: "/settings/teams/payments/",
    "roles": lambda shop: "/settings/roles/",
    "role-new": lambda shop: "/settings/roles/new/?from=approver",
    "role": lambda shop: "/settings/roles/breaker/",
    "users": lambda shop: "/settings/users/",
    "palette": lambda shop: "/palette/?q=check",
    "api-docs": lambda shop: "/api/v1/docs/",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(visitor: Visitor, admin: User, payments: Team, name: str) -> None:
    shop = open_shop(payments, admin)
    visitor.sign_in(admin)
    visitor.go(PAGES[name](shop))
    visitor.shoot(name)

    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


def test_the_sign_in_page_is_accessible_and_fits_a_phone(visitor: Visitor) -> None:
    visitor.go("/sign-in/")
    visitor.shoot("sign-in")

    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


def test_a_page_that_is_not_there_says_so_in_the_frame(visitor: Visitor, admin: User) -> None:
    visitor.expect_error("404")
    visitor.sign_in(admin)
    page = visitor.go("/services/no-such-service/")
    visitor.shoot("not-found")

    assert page.get_by_role("navigation", name="Main").is_visible()
    assert visitor.barriers() == []
