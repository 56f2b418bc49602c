"""Deploying from the browser without JavaScript: choose, review, confirm."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connections

from accounts.models import User
from clusters.models import Observation
from deployments.models import Release
from services.models import Target
from tests.callers import PageClient
from tests.factories.clusters import observed
from tests.factories.deployments import REPOSITORY, new_release
from tests.factories.services import deployment_as_seen
from tests.kubectl import Kubectl

Web = Callable[[User], PageClient]
Live = tuple[Target, Kubectl]
PATH = "/services/checkout/deploy/"


def review(browser: PageClient, **typed: str) -> Any:
    wish = {"environment": "dev", "image": f"{REPOSITORY}:1.8.0", "step": "review", **typed}
    return browser.get(f"{PATH}?{urlencode(wish)}")


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of the confirming form, as a browser would post them."""
    form = page[page.index('<form class="form card" method="post"') :]
    found = re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', form)
    return {name: unescape(value) for name, value in found}


def test_the_form_begins_with_what_runs(web_client: Web, developer: User, target: Target) -> None:
    observed(target.cluster, deployment_as_seen("checkout", "dev", f"{REPOSITORY}:1.7.3"))

    page = web_client(developer).get(f"{PATH}?environment=dev").content.decode()

    assert f'value="{REPOSITORY}:1.7.3"' in page
    assert '<option value="dev" selected>' in page


def test_a_release_under_way_is_announced(web_client: Web, developer: User, target: Target) -> None:
    release = new_release(target, "1.7.9")

    page = web_client(developer).get(f"{PATH}?environment=dev").content.decode()

    assert "A release of 1.7.9 to dev is under way" in page
    assert release.get_absolute_url() in page
    assert 'name="supersede"' in page


def test_who_may_only_look_sees_why_the_button_is_off(web_client: Web, viewer: User, target: Target) -> None:
    page = web_client(viewer).get(f"{PATH}?environment=dev").content.decode()

    assert "You lack release.start in team payments" in page


def test_another_team_finds_nothing(web_client: Web, stranger: User, target: Target) -> None:
    browser = web_client(stranger)

    assert browser.get(PATH).status_code == 404
    assert browser.post(PATH, {"environment": "dev", "image": "nginx:1"}).status_code == 404


def test_an_unknown_environment_keeps_what_was_typed(web_client: Web, developer: User, target: Target) -> None:
    answer = review(web_client(developer), environment="mars", reason="because")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "no target in “mars”" in page
    assert f'value="{REPOSITORY}:1.8.0"' in page
    assert "because" in page


@pytest.mark.sandbox
def test_a_bad_value_is_marked_and_keeps_everything_that_was_typed(
    web_client: Web, developer: User, live: Live
) -> None:
    browser = web_client(developer)
    typed = {"reason": "Retry the gateway", "version": "mine", "max_surge": "25%"}
    for image in ("nginx:", "UPPER/case", "a b", "a" * 400, "a:1\n"):
        answer = review(browser, image=image, **typed)

        page = unescape(answer.content.decode())
        assert answer.status_code == 422
        assert 'id="id_image_error"' in page
        assert f'name="image" value="{image}"' in page
        assert all(value in page for value in typed.values())

    page = review(browser, max_surge="lots").content.decode()
    assert 'id="id_max_surge_error"' in page
    assert "<details open>" in page


@pytest.mark.sandbox
def test_the_review_shows_the_change_and_says_what_the_button_does(
    web_client: Web, developer: User, live: Live
) -> None:
    page = review(web_client(developer)).content.decode()

    assert f"<ins>    image: {REPOSITORY}:1.8.0</ins>" in page
    assert f"<del>    image: {REPOSITORY}:1.7.3</del>" in page
    assert "Deploy 1.8.0 to dev" in page
    assert "It replaces 2 pods." in page
    assert "Would it take the new template?" in page
    assert not Release.objects.exists()


@pytest.mark.sandbox
def test_confirming_starts_it(web_client: Web, developer: User, live: Live) -> None:
    browser = web_client(developer)
    form = fields_of(review(browser, reason="a fix", on_failure="pause").content.decode())

    answer = browser.post(PATH, form)

    release = Release.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, release.get_absolute_url())
    assert (release.label, release.note, release.strategy["on_failure"]) == ("1.8.0", "a fix", "pause")


@pytest.mark.sandbox
def test_posting_the_form_again_leads_to_the_same_release(web_client: Web, developer: User, live: Live) -> None:
    browser = web_client(developer)
    form = fields_of(review(browser).content.decode())

    first, second = browser.post(PATH, form), browser.post(PATH, form)

    assert first["Location"] == second["Location"]
    assert Release.objects.count() == 1


@pytest.mark.sandbox
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_start_one_release(web_client: Web, developer: User, live: Live) -> None:
    browser = web_client(developer)
    form = fields_of(review(browser).content.decode())
    places: list[str] = []

    def click(client: PageClient) -> None:
        try:
            places.append(client.post(PATH, form)["Location"])
        finally:
            connections.close_all()

    clicks = [threading.Thread(target=click, args=(one,)) for one in (browser, web_client(developer))]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(20)

    assert len(places) == 2
    assert len(set(places)) == 1
    assert Release.objects.count() == 1


@pytest.mark.sandbox
def test_production_asks_for_the_name_of_the_service(web_client: Web, developer: User, live: Live) -> None:
    target, _kubectl = live
    type(target.environment).objects.filter(pk=target.environment_id).update(colour="prod")
    browser = web_client(developer)
    form = fields_of(review(browser, reason="a fix").content.decode())

    refused = browser.post(PATH, {**form, "confirm": "chekout"})
    again = fields_of(refused.content.decode())
    accepted = browser.post(PATH, {**again, "confirm": "checkout"})

    assert refused.status_code == 422
    assert "Type “checkout” to confirm" in refused.content.decode()
    assert again["reason"] == "a fix"
    assert accepted.status_code == 303
    assert Release.objects.count() == 1


@pytest.mark.sandbox
def test_a_target_that_became_busy_is_explained_and_can_be_taken_over(
    web_client: Web, developer: User, live: Live
) -> None:
    target, _kubectl = live
    browser = web_client(developer)
    form = fields_of(review(browser).content.decode())
    older = new_release(target, "1.7.9")

    refused = browser.post(PATH, form)
    page = refused.content.decode()
    way_out = next(link for link in re.findall(r'href="([^"]+)"', page) if "supersede=on" in link)
    form = fields_of(browser.get(unescape(way_out)).content.decode())
    accepted = browser.post(PATH, form)

    assert refused.status_code == 409
    assert older.get_absolute_url() in page
    assert accepted.status_code == 303
    assert Release.objects.get(pk=accepted["Location"].split("/")[2]).supersedes == older


@pytest.mark.sandbox
def test_a_workload_that_nobody_has_seen_yet_can_be_deployed(web_client: Web, developer: User, live: Live) -> None:
    Observation.objects.all().delete()
    browser = web_client(developer)
    form = browser.get(f"{PATH}?environment=dev").content.decode()
    assert 'name="container" value="checkout"' in form

    assert "Deploy 1.8.0 to dev" in review(browser, container="checkout").content.decode()
    assert "no container “nobody”" in review(browser, container="nobody").content.decode()
