"""Many services at once: what is asked, what is answered, in which order, and who may; without a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.models import Promotion, PromotionItem
from deployments.promotion.driving import advance
from tests.callers import ApiClient, PageClient
from tests.deployments.promotion.shop import Shop, released
from tests.factories.accounts import member_of, new_team, new_user
from tests.factories.deployments import new_release
from tests.factories.registered import new_grant
from tests.factories.services import new_service

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
TILL = {"system": "till", "from": "dev", "to": "staging"}


@pytest.fixture
def till(shop: Shop) -> Shop:
    """System till: web needs cart, cart needs stock; ledger is level; receipts runs in dev only."""
    shop.service("web", "2.0", "1.0", system="till", depends_on=["cart"])
    shop.service("cart", "2.0", "1.0", system="till", depends_on=["stock"])
    shop.service("stock", "2.0", "1.0", system="till")
    shop.service("ledger", "1.0", "1.0", system="till")
    shop.service("receipts", "2.0", "", system="till")
    return shop


def waves(answer: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one["service"], one["wave"]) for one in answer["releases"]]


def skipped(answer: dict[str, Any]) -> dict[str, str]:
    return {one["service"]: one["state"] for one in answer["skipped"]}


def test_a_system_goes_in_waves_and_says_what_it_leaves(api: Api, developer: User, till: Shop) -> None:
    answer = api(developer).post("/promotions/", {**TILL, "reason": "release 2.0"})

    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert waves(body) == [("stock", 1), ("cart", 2), ("web", 3)]
    assert skipped(body) == {"ledger": "level", "receipts": "refused"}
    assert answer["Location"] == f"/api/v1/promotions/{body['promotion']}/"
    assert api(developer).get(answer["Location"]).json()["status"] == "queued"
    (entry,) = Entry.objects.filter(action="promotion.start")
    assert (entry.actor, entry.after["services"], entry.data["reason"]) == (
        "dev", ["stock", "cart", "web"], "release 2.0",
    )  # fmt: skip


def test_a_dry_run_changes_nothing(api: Api, developer: User, till: Shop) -> None:
    answer = api(developer).post("/promotions/?dry_run=true", TILL)

    assert answer.status_code == 200
    assert waves(answer.json()) == [("stock", 1), ("cart", 2), ("web", 3)]
    assert answer.json()["releases"][0]["replaces"] == "1.0"
    assert not Promotion.objects.exists()
    assert not Entry.objects.filter(action="promotion.start").exists()


def test_a_choice_of_services(api: Api, developer: User, till: Shop) -> None:
    answer = api(developer).post("/promotions/", {"services": ["web", "stock"], "from": "dev", "to": "staging"})

    # Cart, by way of which one needs the other, is not chosen: nothing is known of an order between them.
    assert waves(answer.json()) == [("stock", 1), ("web", 1)]


def test_what_depends_on_something_refused_is_refused_too(api: Api, developer: User, till: Shop) -> None:
    new_release(till.target(till.team.services.get(name="stock"), till.staging), "1.5")

    answer = api(developer).post("/promotions/?dry_run=true", TILL).json()

    assert answer["releases"] == []
    why = {one["service"]: one["why"] for one in answer["skipped"]}
    assert why["stock"] == "Release #1 in staging is under way."
    assert why["web"] == "It depends on stock, which is not promoted."


def test_where_all_is_refused_nothing_begins(api: Api, developer: User, till: Shop) -> None:
    till.gate(till.staging, "dev")

    answer = api(developer).post("/promotions/", TILL)

    assert answer.status_code == 409
    kinds = {one["service"]: one["kind"] for one in answer.json()["blocked_by"]}
    assert kinds == {
        "stock": "promotion", "cart": "promotion", "web": "promotion", "receipts": "no_target",
    }  # fmt: skip
    assert not Promotion.objects.exists()


def test_where_all_is_level_it_has_succeeded_at_once(api: Api, developer: User, shop: Shop) -> None:
    shop.service("ledger", "1.0", "1.0", system="till")

    answer = api(developer).post("/promotions/", TILL)

    assert (answer.status_code, answer.json()["status"]) == (202, "succeeded")
    assert (answer.json()["releases"], skipped(answer.json())) == ([], {"ledger": "level"})


def test_a_soak_time_can_be_waited_for(api: Api, developer: User, till: Shop) -> None:
    till.gate(till.staging, "dev", soak_seconds=3600)
    for name in ("stock", "cart", "web"):
        released(till.target(till.team.services.get(name=name), till.dev), "2.0", ago=60)
    assert api(developer).post("/promotions/", TILL).status_code == 409

    answer = api(developer).post("/promotions/?dry_run=true", {**TILL, "wait": True}).json()

    assert [one["service"] for one in answer["releases"]] == ["stock", "cart", "web"]
    assert "It waits for that." in answer["releases"][0]["warning"]


def test_only_who_may_override_a_window_passes_a_gate(api: Api, developer: User, maintainer: User, till: Shop) -> None:
    till.gate(till.staging, "dev")
    wish = {**TILL, "override": "cards are refused"}
    assert api(developer).post("/promotions/", wish).status_code == 409

    answer = api(maintainer).post("/promotions/", wish)

    assert answer.status_code == 202
    assert Promotion.objects.get().wish == {"wait": False, "override": "cards are refused"}
    assert Entry.objects.get(action="promotion.start").data["override"] == "cards are refused"


def test_who_may_not(api: Api, viewer: User, stranger: User, till: Shop) -> None:
    assert api(viewer).post("/promotions/", TILL).status_code == 403
    assert api(stranger).post("/promotions/", TILL).status_code == 422
    assert api(stranger).post("/promotions/", {"services": ["web"], "from": "dev", "to": "staging"}).status_code == 422
    assert not Promotion.objects.exists()


def test_services_of_another_team_are_refused_one_by_one(api: Api, till: Shop) -> None:
    both = member_of(till.team, "viewer", member_of(new_team("shipping"), "developer", new_user("bo")))
    mine = Shop.__new__(Shop)
    mine.__dict__ = {**till.__dict__, "team": both.memberships.get(role="developer").team}
    new_grant(mine.team, mine.cluster)
    mine.service("parcels", "2.0", "1.0", system="till")

    answer = api(both).post("/promotions/?dry_run=true", TILL).json()

    assert [one["service"] for one in answer["releases"]] == ["parcels"]
    assert {one.get("gate") for one in answer["skipped"] if one["service"] == "stock"} == {"permission"}


@pytest.mark.parametrize(
    "wish",
    [
        {"from": "dev", "to": "staging"},
        {**TILL, "services": ["web"]},
        {**TILL, "to": "dev"},
        {**TILL, "to": "mars"},
        {**TILL, "max_parallel": 0},
        {**TILL, "supersede": True},
        {"services": [], "from": "dev", "to": "staging"},
        {**TILL, "system": "no-such"},
        {**TILL, "sytem": "till"},
    ],
)
def test_bad_wishes(api: Api, developer: User, till: Shop, wish: dict[str, Any]) -> None:
    assert api(developer).post("/promotions/", wish).status_code == 422


def test_one_key_one_promotion(api: Api, developer: User, till: Shop) -> None:
    caller = api(developer)
    first = caller.post("/promotions/", TILL, headers={"Idempotency-Key": "7"})

    again = caller.post("/promotions/", TILL, headers={"Idempotency-Key": "7"})

    assert again["Idempotency-Replayed"] == "true"
    assert again.json()["promotion"] == first.json()["promotion"]
    assert Promotion.objects.count() == 1


def test_a_promotion_is_seen_by_whom_its_services_are(api: Api, developer: User, stranger: User, till: Shop) -> None:
    made = api(developer).post("/promotions/", TILL).json()["promotion"]

    assert api(developer).get("/promotions/").json()["count"] == 1
    assert api(stranger).get("/promotions/").json()["count"] == 0
    assert api(stranger).get(f"/promotions/{made}/").status_code == 404
    assert api(stranger).post(f"/promotions/{made}/abort/", {}).status_code == 404


def test_no_name_of_a_hidden_service_is_told(api: Api, web_client: Web, till: Shop, developer: User) -> None:
    """`bo` sees parcels alone, which was stopped because cart failed."""
    bo = member_of(new_team("shipping"), "developer", new_user("bo"))
    parcels = new_service("parcels", bo.memberships.get().team, system="till")
    api(developer).post("/promotions/", TILL)
    promotion = Promotion.objects.get()
    promotion.items.filter(service__name="cart").update(state="failed")
    promotion.items.create(service=parcels, wave=3)
    advance(promotion.pk)

    told = api(developer).get(f"/promotions/{promotion.pk}/").json()
    hidden = api(bo).get(f"/promotions/{promotion.pk}/").json()

    assert (told["status"], told["problem"]) == ("failed", "cart did not succeed.")
    assert hidden["problem"] == "A service that you may not see did not succeed."
    assert [one["service"] for one in hidden["releases"]] == ["parcels"]
    assert "cart" not in str(hidden["releases"])
    for path in (promotion.get_absolute_url(), "/promotions/started/"):
        assert "cart" not in web_client(bo).get(path).content.decode()


def test_by_page_the_system_is_no_name_for_a_choice(web_client: Web, developer: User, till: Shop) -> None:
    form = {"service": ["web", "cart"], "system": "x" * 100, "origin": "dev", "to": "staging", "token": "t9"}

    assert web_client(developer).post("/promotions/start/", form).status_code == 303
    assert Promotion.objects.get().system == ""


def test_by_page_it_is_reviewed_first_and_confirmed_where_that_is_asked_for(
    web_client: Web, developer: User, till: Shop
) -> None:
    till.staging.protected = True
    till.staging.save()
    browser = web_client(developer)
    page = browser.get("/promotions/start/?system=till&origin=dev&to=staging")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Wave 3" in text and "Promote 3 services to staging" in text and "receipts has no target" in text
    form = {"system": "till", "origin": "dev", "to": "staging", "token": "t1", "reason": "2.0"}

    refused = browser.post("/promotions/start/", form)
    assert refused.status_code == 422 and "Type “staging” to confirm." in refused.content.decode()
    assert 'value="2.0"' in refused.content.decode() or ">\n2.0</textarea>" in refused.content.decode()

    done = browser.post("/promotions/start/", {**form, "confirm": "staging"})
    made = Promotion.objects.get()
    assert (done.status_code, done["Location"]) == (303, made.get_absolute_url())
    # Two clicks on one form are one promotion.
    browser.post("/promotions/start/", {**form, "confirm": "staging"})
    assert Promotion.objects.count() == 1

    shown = browser.get(made.get_absolute_url()).content.decode()
    assert "Wave 3" in shown and "Left as they are" in shown
    assert made.system in browser.get("/promotions/started/").content.decode()


def test_by_page_a_refusal_keeps_what_was_typed(web_client: Web, developer: User, till: Shop) -> None:
    page = web_client(developer).get("/promotions/start/?service=no-such&origin=dev&to=staging&reason=because")

    assert page.status_code == 422
    assert "There is no service “no-such” that you may see." in page.content.decode()
    assert "because" in page.content.decode()


def test_items_remember_what_was_looked_at(api: Api, developer: User, till: Shop) -> None:
    api(developer).post("/promotions/", TILL)

    item = PromotionItem.objects.get(service__name="web")

    assert (item.version, item.image.rpartition(":")[2], item.state) == ("2.0", "2.0", "pending")
