"""Choosing how a release goes: the default of the target, another strategy, or steps of its own."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from accounts.models import User
from deployments.models import Release
from services.models import Target
from tests.callers import PageClient
from tests.deployments.test_deploy_page import fields_of
from tests.factories.deployments import REPOSITORY
from tests.kubectl import Kubectl

Web = Callable[[User], PageClient]
Live = tuple[Target, Kubectl]
PATH = "/services/checkout/deploy/"
OURS = {"type": "canary", "steps": [{"set_weight": 30}, {"pause": {}}, {"approval": {"required": 2}}]}


def review(browser: PageClient, **typed: str) -> Any:
    wish = {"environment": "dev", "image": f"{REPOSITORY}:1.8.0", "step": "review", **typed}
    return browser.get(f"{PATH}?{urlencode(wish)}")


def with_default(target: Target, strategy: Any) -> None:
    Target.objects.filter(pk=target.pk).update(strategy=strategy)


def test_the_default_of_the_target_is_chosen_already_and_tells_its_steps(
    web_client: Web, developer: User, target: Target
) -> None:
    with_default(target, OURS)

    page = web_client(developer).get(f"{PATH}?environment=dev").content.decode()

    assert 'name="strategy" value="" checked' in page
    assert "30 %, pause, approval, take over" in page
    assert 'value="rolling"' in page
    assert 'value="blue_green"' in page
    assert 'value="canary"' not in page


@pytest.mark.sandbox
def test_the_review_shows_steps_with_the_shares_that_can_be_reached(
    web_client: Web, developer: User, live: Live
) -> None:
    with_default(live[0], OURS)

    page = unescape(review(web_client(developer)).content.decode())

    # Two replicas and one more: a third is as near to 30 % as pods come.
    assert "Deploy 1.8.0 to dev, 33 % first" in page
    assert "33 %<small>30 % asked</small>" in page
    assert "1 + 2" in page
    assert "Hold until someone promotes" in page
    assert "Approval at step 3: 2 voices of" in page


@pytest.mark.sandbox
def test_a_chosen_strategy_is_what_the_release_gets(web_client: Web, developer: User, live: Live) -> None:
    with_default(live[0], {"type": "canary", "steps": [{"set_weight": 30}]})
    browser = web_client(developer)
    page = review(browser, strategy="rolling").content.decode()

    assert "Deploy 1.8.0 to dev<" in page
    browser.post(PATH, fields_of(page))
    assert Release.objects.get().strategy["type"] == "rolling"


@pytest.mark.sandbox
def test_steps_for_one_release_are_typed_as_yaml(web_client: Web, developer: User, live: Live) -> None:
    browser = web_client(developer)
    text = "type: canary\nsteps:\n- set_weight: 50\n- pause: {seconds: 5}\n"

    browser.post(PATH, fields_of(review(browser, strategy_yaml=text).content.decode()))

    steps = Release.objects.get().strategy["steps"]
    assert steps == [{"set_weight": 50}, {"pause": {"seconds": 5}}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("type: canary\nsteps: []\n", "steps: Give a list of at least one step."),
        ("type: canary\nsteps:\n- set_weight: 50\n- set_weight: 5\n", "steps/1/set_weight: 5 % comes after 50 %"),
        ("type: canary\nsteps: [", "YAML is broken in line"),
    ],
)
def test_a_mistake_in_them_is_told_at_its_step(
    web_client: Web, developer: User, target: Target, text: str, words: str
) -> None:
    answer = review(web_client(developer), container="checkout", strategy_yaml=text)

    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert words in page
    assert "<details open>" in page
