"""Rolling back: what ran, the page that compares, and the release that it starts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.models import Release, Revision
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.deployments.test_deploy_page import fields_of
from tests.factories.deployments import REPOSITORY, new_revision
from tests.kubectl import Kubectl

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
Live = tuple[Target, Kubectl]
PATH = "/services/checkout/rollback/"


def test_revisions_are_listed_newest_first(api: Api, viewer: User, target: Target) -> None:
    new_revision(target, "1.7.3")
    new_revision(target, "1.8.0")

    answer = api(viewer).get("/services/checkout/revisions/?environment=dev")

    assert [(one["number"], one["version"]) for one in answer.json()["results"]] == [(2, "1.8.0"), (1, "1.7.3")]
    assert answer.json()["results"][0]["images"] == {"checkout": f"{REPOSITORY}:1.8.0"}


def test_t14_a_revision_shows_no_secret(api: Api, web_client: Web, viewer: User, target: Target) -> None:
    new_revision(target, "1.7.3", API_TOKEN="s3cr3t", URL="postgres://shop:s3cr3t@db/shop", MODE="calm")
    new_revision(target, "1.8.0")

    body = api(viewer).get("/services/checkout/revisions/?environment=dev").content.decode()
    page = web_client(viewer).get(f"{PATH}?environment=dev&to=1").content.decode()

    for text in (body, page):
        assert "s3cr3t" not in text
        assert "calm" in text


@pytest.mark.parametrize(("query", "status"), [("", 400), ("?environment=mars", 422), ("?environment=dev&x=1", 400)])
def test_revisions_of_nowhere_are_refused(api: Api, viewer: User, target: Target, query: str, status: int) -> None:
    assert api(viewer).get(f"/services/checkout/revisions/{query}").status_code == status


def test_another_team_finds_nothing(api: Api, web_client: Web, stranger: User, target: Target) -> None:
    new_revision(target)
    wish = {"service": "checkout", "environment": "dev"}

    assert api(stranger).get("/services/checkout/revisions/?environment=dev").status_code == 404
    assert api(stranger).post("/releases/rollback/", wish).status_code == 422
    assert web_client(stranger).get(PATH).status_code == 404
    assert web_client(stranger).post(PATH, {"environment": "dev", "to": "1"}).status_code == 404


def test_the_page_compares_the_chosen_one_with_the_newest(web_client: Web, developer: User, target: Target) -> None:
    new_revision(target, "1.7.3")
    new_revision(target, "1.8.0")

    page = web_client(developer).get(f"{PATH}?environment=dev").content.decode()

    assert "Roll back checkout in dev to revision 1 (1.7.3)" in page
    assert f"<del>    image: {REPOSITORY}:1.8.0</del>" in page
    assert f"<ins>    image: {REPOSITORY}:1.7.3</ins>" in page


def test_without_an_older_revision_it_says_so(web_client: Web, developer: User, target: Target) -> None:
    browser = web_client(developer)
    assert "Nothing to go back to yet" in browser.get(PATH).content.decode()

    new_revision(target)
    assert "There is no older revision" in browser.get(PATH).content.decode()


def test_who_may_only_look_sees_why_the_button_is_off(web_client: Web, api: Api, viewer: User, target: Target) -> None:
    new_revision(target, "1.7.3")
    new_revision(target, "1.8.0")

    page = web_client(viewer).get(f"{PATH}?environment=dev").content.decode()
    answer = api(viewer).post("/releases/rollback/", {"service": "checkout", "environment": "dev"})

    assert "You lack release.rollback in team payments" in page
    assert (answer.status_code, answer.json()["permission"]) == (403, "release.rollback")


@pytest.fixture
def older(live: Live) -> Revision:
    """What runs is revision 2; revision 1 ran 1.6.0."""
    target, kubectl = live
    running = kubectl.get(f"/apis/apps/v1/namespaces/{target.namespace}/deployments/checkout")["spec"]["template"]
    revision = new_revision(target, "1.6.0")
    kept = {**running, "spec": {**running["spec"]}}
    kept["spec"]["containers"] = [{**running["spec"]["containers"][0], "image": f"{REPOSITORY}:1.6.0"}]
    Revision.objects.filter(pk=revision.pk).update(template=kept)
    new_revision(target, "1.7.3")
    return revision


@pytest.mark.sandbox
def test_over_rest_it_starts_a_release_to_the_exact_template(
    api: Api, developer: User, live: Live, older: Revision
) -> None:
    answer = api(developer).post(
        "/releases/rollback/", {"service": "checkout", "environment": "dev", "to_revision": 1, "reason": "slow"}
    )

    release = Release.objects.get(pk=answer.json()["id"])
    older.refresh_from_db()
    assert answer.status_code == 202
    assert release.template_to == older.template
    assert release.rollback_to == older
    assert Entry.objects.get(action="release.rollback").actor == "dev"


@pytest.mark.sandbox
def test_the_button_works_without_javascript_and_once(
    web_client: Web, developer: User, live: Live, older: Revision
) -> None:
    browser = web_client(developer)
    form = fields_of(browser.get(f"{PATH}?environment=dev&to=1").content.decode())

    first, second = browser.post(PATH, form), browser.post(PATH, form)

    assert (first.status_code, first["Location"]) == (303, second["Location"])
    assert Release.objects.get().rollback_to == older


@pytest.mark.sandbox
def test_a_revision_that_is_not_there_is_refused(api: Api, developer: User, live: Live, older: Revision) -> None:
    wish = {"service": "checkout", "environment": "dev", "to_revision": 77}

    answer = api(developer).post("/releases/rollback/", wish)

    assert answer.status_code == 409
    assert "no revision 77" in answer.json()["detail"]
    assert not Release.objects.exists()
