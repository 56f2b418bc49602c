"""Which strategy a release gets, and what may stand as a default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from deployments.default_strategy import chosen_strategy
from deployments.engine.strategies import DEFAULT_STEPS, BlueGreen, Canary, Pause, RollingUpdate, SetWeight
from services.models import Target
from tests.callers import ApiClient

Api = Callable[..., ApiClient]
OURS = {"type": "canary", "steps": [{"set_weight": 20}, {"pause": {}}], "max_surge": 2}
STEPS = (SetWeight(20), Pause())


def with_defaults(target: Target, *, own: Any = None, environment: Any = None) -> Target:
    target.strategy = own
    target.environment.strategy = environment
    return target


@pytest.mark.parametrize(
    ("own", "environment", "kind"),
    [
        (None, None, RollingUpdate),
        (None, OURS, Canary),
        ({"type": "blue_green"}, OURS, BlueGreen),
        ({"type": "rolling"}, OURS, RollingUpdate),
    ],
)
def test_asking_for_nothing_gives_the_nearest_default(target: Target, own: Any, environment: Any, kind: type) -> None:
    assert isinstance(chosen_strategy(None, with_defaults(target, own=own, environment=environment)), kind)


def test_a_bare_name_takes_the_default_of_that_type_whole(target: Target) -> None:
    chosen = chosen_strategy("canary", with_defaults(target, own={"type": "rolling"}, environment=OURS))

    assert isinstance(chosen, Canary)
    assert (chosen.steps, chosen.max_surge) == (STEPS, 2)


def test_an_object_without_steps_takes_the_default_steps_and_nothing_else(target: Target) -> None:
    chosen = chosen_strategy({"type": "canary", "max_surge": 1}, with_defaults(target, own=OURS))

    assert isinstance(chosen, Canary)
    assert (chosen.steps, chosen.max_surge) == (STEPS, 1)


def test_without_any_default_a_canary_has_the_built_in_steps(target: Target) -> None:
    chosen = chosen_strategy("canary", with_defaults(target))

    assert isinstance(chosen, Canary)
    assert chosen.steps == DEFAULT_STEPS


def test_a_bad_default_is_refused_at_its_step(api: Api, admin: User, developer: User, target: Target) -> None:
    bad = {"type": "canary", "steps": [{"set_weight": 50}, {"set_weight": 10}, {"pause": {"second": 3}}]}

    for answer in (
        api(developer).patch("/services/checkout/targets/dev/", {"strategy": bad}),
        api(admin).patch("/environments/dev/", {"strategy": bad}),
    ):
        errors = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
        assert answer.status_code == 422
        assert "weights never go down" in errors["/strategy/steps/1/set_weight"]
        assert "no field “second”" in errors["/strategy/steps/2/pause/second"]


def test_an_environment_keeps_a_default(api: Api, admin: User, target: Target) -> None:
    assert api(admin).patch("/environments/dev/", {"strategy": OURS}).status_code == 200
    assert api(admin).get("/environments/dev/").json()["strategy"] == OURS
