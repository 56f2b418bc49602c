"""The page of a canary in the states that people meet it in: readable, accessible, and it fits a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Team, User
from deployments.approvals import ask
from deployments.engine.decision import AskApproval, Counts, Said, Sentence
from deployments.engine.strategies import Analyse, Pause, SetWeight
from deployments.models import Release
from services.models import Target
from tests.factories.analysis import measured, with_templates
from tests.factories.deployments import checkout_target, new_blue_green, new_canary, pulled_badly, step_said
from tests.factories.pods import seen_pods
from tests.pages.browser import Visitor

pytestmark = pytest.mark.browser

CHECKED = Said("checks.pass", Sentence("checks_passed", {}))
TO_PAUSE = [CHECKED, step_said("started", 0, "set_weight"), step_said("finished", 0, "set_weight")]
ROUTED = {"traffic": "istio"}


def pausing(target: Target, by: User) -> Release:
    release = new_canary(target, step=1, phase="Paused", weight=10, said=TO_PAUSE, by=by, note="Retry once")
    seen_pods(release, new=1, old=9)
    return release


def growing(target: Target, by: User) -> Release:
    """By Istio, on its way from 10 to 50 percent."""
    release = new_canary(
        target,
        step=4,
        weight=50,
        said=TO_PAUSE,
        by=by,
        strategy=ROUTED,
        state={"routing": {"actual": 10}},
        counts=Counts(10, 5, 3, 10, 10),
    )
    seen_pods(release, new=5, old=10)
    return release


def failed(target: Target, by: User) -> Release:
    state = pulled_badly("1.8.0")
    said = [
        *TO_PAUSE,
        Said("step.failed", state["message"], {"step": 2}),
        Said("restore", Sentence("restored", {"workload": "checkout"})),
        Said("release.fail", state["message"]),
    ]
    counts = Counts(10, 0, 0, 10, 10)
    return new_canary(target, step=2, phase="Failed", weight=10, state=state, said=said, by=by, counts=counts)


def of_many_steps(target: Target, by: User) -> Release:
    third = (Pause(60), Analyse(("success-rate",)))
    steps = tuple(step for weight in range(5, 80, 10) for step in (SetWeight(weight), *third))
    return new_canary(target, step=7, phase="Paused", weight=25, steps=steps, by=by)


def caught(target: Target, by: User) -> Release:
    """Bad: its analysis has failed and the old version is back."""
    sentence = Sentence("analysis_failed", {"template": "success-rate"})
    said = [*TO_PAUSE, Said("step.failed", sentence, {"step": 2}), Said("release.abort", sentence)]
    state = {"outcome": "Aborted", "reason": "AnalysisFailed", "message": sentence}
    counts = Counts(10, 0, 0, 10, 10)
    release = new_canary(target, step=2, phase="Aborted", weight=10, state=state, said=said, by=by, counts=counts)
    with_templates(release, "success-rate")
    measured(release, "success-rate", [0.995, 0.82, 0.79], run="step-2", stable=0.998)
    return release


def asking(target: Target, by: User) -> Release:
    """Waits for the voices of its fourth step."""
    waits = {"gate": "step-3", "phase": "Progressing", "since": timezone.now().isoformat()}
    message = Sentence("waits_for_owners", {"count": 2})
    state = {"reason": "ApprovalRequired", "message": message, "gates": {"waits": waits}}
    release = new_canary(target, step=3, phase="AwaitingApproval", weight=10, state=state, said=TO_PAUSE, by=by)
    with_templates(release, "success-rate")
    measured(release, "success-rate", [0.999, 0.998, 0.997], run="step-2", stable=0.998)
    ask(release, [AskApproval("step-3", ({"team": "payments", "count": 2},))], timezone.now())
    seen_pods(release, new=1, old=9)
    return release


def blue_green(target: Target, by: User) -> Release:
    return new_blue_green(target, phase="Paused", state={"step": 1}, by=by)


STATES: dict[str, Callable[[Target, User], Release]] = {
    "canary-paused": pausing,
    "canary-growing": growing,
    "canary-failed": failed,
    "canary-caught": caught,
    "canary-asking": asking,
    "canary-many": of_many_steps,
    "blue-green-paused": blue_green,
}


@pytest.mark.parametrize("name", STATES)
def test_it_is_accessible_and_fits_a_phone(visitor: Visitor, developer: User, payments: Team, name: str) -> None:
    release = STATES[name](checkout_target(payments, "prod"), developer)
    visitor.sign_in(developer)
    visitor.go(release.get_absolute_url())
    visitor.shoot(name)

    assert visitor.barriers() == []
    assert visitor.overflow() <= 0
