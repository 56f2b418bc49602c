"""Home says what is broken, what waits for the reader, what is under way and what changed: to each only their own."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from tests.callers import PageClient
from tests.factories.clusters import new_cluster
from tests.factories.deployments import new_release
from tests.factories.services import new_target
from tests.pages.shop import open_shop

Browser = Callable[[User], PageClient]

MOST_QUERIES = 15


def home_of(browser: PageClient) -> str:
    """The text of Home, as one line."""
    answer = browser.get("/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_it_names_what_is_broken_with_the_cause(web_client: Browser, developer: User, payments: Team) -> None:
    shop = open_shop(payments, developer)
    text = home_of(web_client(developer))
    assert "2 things need attention" in text
    assert "2 of 3 Pods are not ready." in text
    assert "The image of pod checkout-77-x cannot be pulled" in text
    assert shop.failed.get_absolute_url() in text


def test_what_was_put_right_is_no_longer_broken(web_client: Browser, developer: User, payments: Team) -> None:
    shop = open_shop(payments, developer)
    new_release(shop.failed.target, "1.9.1", by=developer)
    assert "1 thing needs attention" in home_of(web_client(developer))


def test_it_shows_what_is_under_way_and_what_ended(web_client: Browser, viewer: User, payments: Team) -> None:
    shop = open_shop(payments, viewer)
    text = home_of(web_client(viewer))
    moving = text[text.index('id="moving"') : text.index('id="lately"')]
    assert shop.moving.get_absolute_url() in moving
    assert "1 / 3" in moving
    assert shop.failed.get_absolute_url() in text[text.index('id="lately"') :]


def test_a_held_release_waits_for_those_who_may_decide(
    web_client: Browser, developer: User, viewer: User, payments: Team
) -> None:
    shop = open_shop(payments, developer)
    target = new_target(shop.checkout, "uat", shop.cluster)
    new_release(target, "2.0.0", phase="Paused", by=developer)
    assert "Waits for you" in home_of(web_client(developer))
    assert "Waits for you" not in home_of(web_client(viewer))


def test_others_learn_nothing_of_a_team(web_client: Browser, developer: User, stranger: User, payments: Team) -> None:
    open_shop(payments, developer)
    text = home_of(web_client(stranger))
    for secret in ("checkout", "stock", "harbour", "lighthouse"):
        assert secret not in text


def test_nothing_is_called_well_that_is_not_seen(web_client: Browser, admin: User) -> None:
    new_cluster("lighthouse", status="unreachable")
    text = home_of(web_client(admin))
    assert "All is well" not in text
    assert "1 cluster is not heard of" in text


def test_a_cluster_that_is_being_built_shows_how_far_it_is(web_client: Browser, admin: User) -> None:
    progress = {"phase": "kube-apiserver", "fraction": 0.42, "eta_seconds": 190, "message": "312 of 740"}
    new_cluster("sandbox", status="building", progress=progress)
    text = home_of(web_client(admin))
    assert "A cluster is being built" in text
    assert "42 %, about 3 min to go" in text


def test_the_first_visit_says_what_to_do(web_client: Browser, admin: User) -> None:
    text = home_of(web_client(admin))
    assert "Welcome to Slipway" in text
    assert "/clusters/new/" in text


def test_nobody_signed_in_is_sent_to_the_sign_in_page(client: PageClient, db: None) -> None:
    assert client.get("/").headers["Location"].startswith("/sign-in/")


def test_it_asks_the_database_little(web_client: Browser, developer: User, payments: Team) -> None:
    open_shop(payments, developer)
    browser = web_client(developer)
    home_of(browser)
    with CaptureQueriesContext(connection) as queries:
        home_of(browser)
    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"] for query in queries)
