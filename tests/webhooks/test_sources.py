"""Sources: made by maintainers for robots of their team, their secret told once, rotated, seen by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Team, User
from audit.models import Entry
from services.models import Service
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_robot, new_role, new_team
from tests.factories.services import new_service
from tests.webhooks.conftest import RULE, SECRET, Send, new_source, signed
from webhooks.forms import read_rule, written
from webhooks.models import WebhookDelivery, WebhookSource

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]
GIVEN = {"name": "registry", "kind": "generic", "robot": "registry@payments", "rules": [RULE]}
BODY = {"image": "acme/checkout:1.4.2"}


@pytest.fixture(autouse=True)
def robot(payments: Team, checkout: Service) -> User:
    return new_robot(payments, "registry")


class TestCreate:
    def test_the_secret_is_told_once_and_proves(self, api: Api, send: Send, maintainer: User) -> None:
        made = api(maintainer).post("/webhook-sources/", GIVEN, headers={"Idempotency-Key": "k"})
        again = api(maintainer).post("/webhook-sources/", GIVEN, headers={"Idempotency-Key": "k"})
        secret = made.json()["secret"]
        assert (made.status_code, made["Location"]) == (201, "/api/v1/webhook-sources/registry/")
        assert "secret" not in again.json()
        for path in ("/webhook-sources/", "/webhook-sources/registry/", "/audit/"):
            assert secret not in api(maintainer).get(path).content.decode()
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM webhooks_webhooksource")
            assert secret not in cursor.fetchone()[0]
        assert secret not in str(Entry.objects.get(action="webhook_source.create").after)
        assert send(b'{"image": "a/b:1"}', signature=signed(b'{"image": "a/b:1"}', secret)).status_code == 202

    def test_only_maintainers_make_one_and_only_for_robots_of_their_own(
        self, api: Api, developer: User, maintainer: User, stranger: User
    ) -> None:
        assert api(developer).post("/webhook-sources/", GIVEN).status_code == 403
        for robot in ("registry@payments", "nobody@payments", None, 7, {}):
            answer = api(stranger).post("/webhook-sources/", {**GIVEN, "robot": robot})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/robot")
        assert not WebhookSource.objects.exists()

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"name": "Not A Name"}, "/name"),
            ({"kind": "ftp"}, "/kind"),
            ({"secret": "mine"}, "/secret"),
            ({"by": "me"}, "/by"),
            ({"rules": "all"}, "/rules"),
            ({"rules": [RULE] * 51}, "/rules"),
            ({"rules": [7]}, "/rules/0"),
            ({"rules": [{**RULE, "match": ""}]}, "/rules/0/match"),
            ({"rules": [{**RULE, "match": "*"}]}, "/rules/0/match"),
            ({"rules": [{**RULE, "match": "*/*:*"}]}, "/rules/0/match"),
            ({"rules": [{**RULE, "match": "a b:1"}]}, "/rules/0/match"),
            ({"rules": [{**RULE, "match": "acme/checkout:" + "*" * 9}]}, "/rules/0/match"),
            ({"rules": [{**RULE, "service": "theirs"}]}, "/rules/0/service"),
            ({"rules": [{**RULE, "service": ["checkout"]}]}, "/rules/0/service"),
            ({"rules": [{**RULE, "environment": "nowhere"}]}, "/rules/0/environment"),
            ({"rules": [{**RULE, "environment": {}}]}, "/rules/0/environment"),
            ({"rules": [{**RULE, "image": "a b"}]}, "/rules/0/image"),
            ({"rules": [{**RULE, "strategy": "canari"}]}, "/rules/0/strategy/type"),
            ({"rules": [{**RULE, "supersede": "yes"}]}, "/rules/0/supersede"),
            ({"rules": [{**RULE, "more": 1}]}, "/rules/0/more"),
        ],
    )
    def test_what_cannot_be_is_said_where_it_stands(
        self, api: Api, maintainer: User, change: dict[str, Any], pointer: str
    ) -> None:
        new_service("theirs", new_team("others"))
        answer = api(maintainer).post("/webhook-sources/", {**GIVEN, **change})
        assert answer.status_code == 422
        assert pointer in [one["pointer"] for one in answer.json()["errors"]]

    def test_a_name_is_taken_once(self, api: Api, maintainer: User, payments: Team) -> None:
        new_source(payments)
        assert api(maintainer).post("/webhook-sources/", GIVEN).status_code == 409


class TestEdit:
    def test_rules_change_and_the_log_has_both(self, api: Api, maintainer: User, payments: Team) -> None:
        new_source(payments)
        rules = [{**RULE, "match": "acme/checkout:2.*"}]
        answer = api(maintainer).patch("/webhook-sources/registry/", {"rules": rules})
        assert answer.json()["rules"] == rules
        entry = Entry.objects.get(action="webhook_source.edit")
        assert (entry.before["rules"], entry.after["rules"]) == ([RULE], rules)

    def test_name_and_team_stay(self, api: Api, admin: User, payments: Team) -> None:
        new_source(payments)
        new_robot(new_team("others"), "ci")
        for change in ({"name": "other"}, {"robot": "ci@others"}):
            assert api(admin).patch("/webhook-sources/registry/", change).status_code == 422

    def test_an_edit_of_an_older_state_is_refused(self, api: Api, maintainer: User, payments: Team) -> None:
        new_source(payments)
        caller = api(maintainer)
        tag = caller.get("/webhook-sources/registry/")["ETag"]
        off = {"is_active": False}
        assert caller.patch("/webhook-sources/registry/", off, headers={"If-Match": tag}).status_code == 200
        assert caller.patch("/webhook-sources/registry/", off, headers={"If-Match": tag}).status_code == 412


class TestRotate:
    def test_the_old_one_ends_at_once_or_after_its_time(
        self, api: Api, send: Send, maintainer: User, payments: Team
    ) -> None:
        new_source(payments)
        caller = api(maintainer)
        first = caller.post("/webhook-sources/registry/rotate/", {"overlap": 600}).json()["secret"]
        assert [send(b"{}", signature=signed(b"{}", secret)).status_code for secret in (SECRET, first)] == [202, 202]
        second = caller.post("/webhook-sources/registry/rotate/", {}).json()["secret"]
        statuses = [send(b"{}", signature=signed(b"{}", secret)).status_code for secret in (SECRET, first, second)]
        assert statuses == [401, 401, 202]
        assert Entry.objects.filter(action="webhook_source.rotate").count() == 2

    def test_who_lacks_what_the_robot_holds_gets_no_secret(self, api: Api, payments: Team) -> None:
        new_source(payments)
        new_role("rotator", "webhook_source.rotate", "robot.edit")
        answer = api(member_of(payments, "rotator")).post("/webhook-sources/registry/rotate/", {})
        assert (answer.status_code, "holds what you lack" in answer.json()["detail"]) == (403, True)
        assert WebhookSource.objects.get().secret == {"now": SECRET}


class TestDeliverAgain:
    def test_it_does_what_the_rules_of_today_say(self, api: Api, send: Send, maintainer: User, payments: Team) -> None:
        new_source(payments, rules=[])
        delivery = send(BODY).json()["deliveries"][0]
        WebhookSource.objects.update(rules=[RULE])
        answer = api(maintainer).post(f"/webhook-sources/registry/deliveries/{delivery}/again/")
        assert (answer.status_code, answer.json()["again_of"]) == (202, delivery)
        assert [one["service"] for one in answer.json()["results"]] == ["checkout"]
        assert Entry.objects.get(action="webhook_source.deliver_again").actor == "mia"

    def test_who_may_only_look_does_not(self, api: Api, send: Send, developer: User, payments: Team) -> None:
        new_source(payments)
        delivery = send(BODY).json()["deliveries"][0]
        answer = api(developer).post(f"/webhook-sources/registry/deliveries/{delivery}/again/")
        assert answer.status_code == 403
        assert WebhookDelivery.objects.count() == 1


def test_removed_it_is_believed_no_more(api: Api, send: Send, maintainer: User, payments: Team) -> None:
    new_source(payments)
    assert api(maintainer).delete("/teams/payments/robots/registry/").json()["used_by"] == [
        "the webhook source registry"
    ]
    assert api(maintainer).delete("/webhook-sources/registry/").status_code == 204
    assert send(BODY).status_code == 401
    assert Entry.objects.filter(action="webhook_source.remove").count() == 1
    assert api(maintainer).delete("/teams/payments/robots/registry/").status_code == 204


def test_the_pages_make_rotate_and_deliver_again(
    web_client: Browser, send: Send, maintainer: User, payments: Team
) -> None:
    browser = web_client(maintainer)
    rules = "acme/checkout:1.* checkout dev canary supersede"
    typed = {"name": "hub", "kind": "docker_hub", "robot": "registry@payments", "rules": rules, "is_active": "on"}
    page = browser.post("/settings/webhook-sources/", typed)
    assert page.status_code == 201
    assert "/api/v1/webhooks/hub/" in page.content.decode()
    made = WebhookSource.objects.get()
    assert made.secret["now"] in page.content.decode()
    assert made.rules == [{**RULE, "strategy": "canary", "supersede": True}]
    shown = browser.get("/settings/webhook-sources/hub/").content.decode()
    assert rules in shown
    assert made.secret["now"] not in shown
    rotated = browser.post("/settings/webhook-sources/hub/rotate/", {"overlap": "3600"}).content.decode()
    made.refresh_from_db()
    assert made.secret["now"] in rotated
    bad = browser.post("/settings/webhook-sources/hub/", {**typed, "rules": "acme/checkout checkout"})
    assert (bad.status_code, "is no rule" in bad.content.decode()) == (422, True)
    assert "acme/checkout checkout</textarea>" in bad.content.decode()


def test_a_rule_reads_back_as_it_was_written() -> None:
    line = "acme/checkout:1.* checkout dev canary image=registry.example/shop supersede"
    assert written([read_rule(line)]) == line


def test_the_palette_finds_the_pages_of_machines(web_client: Browser, developer: User) -> None:
    for words, address in (("webh", "/settings/webhook-sources/"), ("ci iden", "/settings/ci-identities/")):
        assert address in web_client(developer).get("/palette/", {"q": words}).content.decode()
