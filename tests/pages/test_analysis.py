"""Analysis in a real browser: the charts of a release, and the pages of templates."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.models import Team, User
from deployments.engine.decision import Sentence
from tests.factories.analysis import measured, with_templates
from tests.factories.deployments import checkout_target, new_canary
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser


def test_new_against_old_with_the_threshold(visitor: Visitor, developer: User, payments: Team) -> None:
    release = new_canary(checkout_target(payments), step=2, weight=10, phase="Analysing")
    with_templates(release, "success-rate", "latency-p99", "restarts", "error-budget-burn")
    measured(release, "success-rate", [0.999, 0.998, 0.9985, 0.97, 0.999], run="step-2", stable=0.998)
    measured(release, "latency-p99", [0.21, 0.3, 0.9, 1.8, 2.9], stable=0.2)
    measured(release, "restarts", [0, 0, 0], run="step-2", stable=0)
    nobody = Sentence("measured_error", {"words": "Prometheus at 10.0.0.1 did not answer in time"})
    measured(release, "error-budget-burn", [None, None], run="step-2", status="Error", words=nobody)
    visitor.sign_in(developer)

    page = visitor.go(release.get_absolute_url())

    expect(page.locator("#analysis .uplot canvas")).to_have_count(3)
    expect(page.locator("#panel-analysis-error-budget-burn .no-data")).to_contain_text("did not answer in time")
    page.locator("#numbers-analysis-success-rate summary").click()
    expect(page.locator("#numbers-analysis-success-rate tbody tr")).to_have_count(5)
    visitor.shoot("release-analysis")
    assert visitor.barriers() == []


def test_the_pages_of_templates(visitor: Visitor, maintainer: User, payments: Team) -> None:
    checkout_target(payments)
    visitor.sign_in(maintainer)
    page = visitor.go("/analysis-templates/")
    visitor.shoot("analysis-templates")
    assert visitor.barriers() == []
    page.get_by_role("link", name="success-rate").click()
    page.get_by_role("button", name="Measure once, store nothing").click()
    expect(page.get_by_text("No Prometheus is registered")).to_be_visible()
    visitor.shoot("analysis-template")
    assert visitor.barriers() == []
    page.get_by_role("link", name="Copy").click()
    expect(page.get_by_label("Success")).to_have_value("result >= 0.99")
    visitor.shoot("analysis-template-form")
    assert visitor.barriers() == []
