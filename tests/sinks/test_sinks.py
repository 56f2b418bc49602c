"""Audit sinks over REST and on their pages: made, edited, tested and removed by admins, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from audit.models import Entry
from audit.tasks import seal
from sinks.models import AuditSink
from sinks.shipping import ship
from tests.callers import ApiClient
from tests.factories.sinks import new_sink
from tests.sinks.conftest import Certificate, Collector, Written
from web.live import visible

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]
ADDRESS = "https://9.9.9.9/collect/secret-path"

pytestmark = pytest.mark.django_db


def body(**fields: Any) -> dict[str, Any]:
    return {"name": "central", "address": ADDRESS, **fields}


class TestCreate:
    def test_it_answers_no_secret_and_is_recorded(self, api: Api, admin: User, written: Written) -> None:
        written(2)
        answer = api(admin).post("/audit/sinks/", body(bearer="the-bearer", key="a-key-of-some-length"))
        assert answer.status_code == 201
        found = answer.json()
        assert (found["kind"], found["host"], found["position"], found["lag"]) == ("https", "9.9.9.9", 2, None)
        assert answer["Location"] == f"/api/v1/audit/sinks/{found['id']}/"
        entry = Entry.objects.latest("id")
        assert (entry.action, entry.object_name, entry.before) == ("audit_sink.create", "central", None)
        for text in (answer.content.decode(), str(entry.after), AuditSink.objects.get().__dict__["secret"]):
            assert not any(secret in text for secret in ("secret-path", "the-bearer", "a-key-of"))

    def test_from_the_beginning(self, api: Api, admin: User, written: Written) -> None:
        written(2)
        assert api(admin).post("/audit/sinks/", body(start="beginning")).json()["position"] == 0

    def test_the_same_key_makes_it_once(self, api: Api, admin: User) -> None:
        caller = api(admin)
        first, again = (caller.post("/audit/sinks/", body(), headers={"Idempotency-Key": "k"}) for _ in range(2))
        assert first.json()["id"] == again.json()["id"]
        assert AuditSink.objects.count() == 1

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"address": ""}, "/address"),
            ({"address": "logs.example"}, "/address"),
            ({"address": "ftp://9.9.9.9"}, "/address"),
            ({"address": "tcp://9.9.9.9:601"}, "/address"),
            ({"address": "udp://9.9.9.9"}, "/address"),
            ({"address": "http://9.9.9.9/"}, "/address"),
            ({"address": "tls://127.0.0.1:6514"}, "/address"),
            ({"address": "tls://169.254.169.254", "allow_private_address": True}, "/address"),
            ({"address": "tls://user@9.9.9.9"}, "/address"),
            ({"address": "tls://9.9.9.9/path"}, "/address"),
            ({"address": "tls://9.9.9.9:99999"}, "/address"),
            ({"address": 7}, "/address"),
            ({"name": " "}, "/name"),
            ({"key": "short"}, "/key"),
            ({"bearer": "a\r\nX-Other: b"}, "/bearer"),
            ({"authority": "no certificate"}, "/authority"),
            ({"start": "tomorrow"}, "/start"),
            ({"is_active": "yes"}, "/is_active"),
            ({"position": 7}, "/position"),
            ({"by": "ada"}, "/by"),
            ({"address": "https://[9.9.9.9"}, "/address"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_what_cannot_be_is_refused_at_its_place(
        self, api: Api, admin: User, fields: dict[str, Any], pointer: str
    ) -> None:
        answer = api(admin).post("/audit/sinks/", body(**fields))
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert not AuditSink.objects.exists()
        assert not Entry.objects.exists()

    def test_two_of_a_name_are_refused(self, api: Api, admin: User) -> None:
        new_sink("central")
        answer = api(admin).post("/audit/sinks/", body())
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "name_taken")


class TestEdit:
    def test_what_is_not_given_stays_and_secrets_are_only_named(self, api: Api, admin: User) -> None:
        sink = new_sink(bearer="the-bearer", position=3)
        answer = api(admin).patch(f"/audit/sinks/{sink.pk}/", {"name": "other", "bearer": "a-new-one"})
        assert (answer.status_code, answer.json()["name"], answer.json()["position"]) == (200, "other", 3)
        kept = AuditSink.objects.get().secret
        assert kept == {"address": "tcp://127.0.0.1:9", "bearer": "a-new-one"}
        entry = Entry.objects.get()
        assert (entry.action, entry.data, entry.after["name"]) == ("audit_sink.edit", {"replaced": ["bearer"]}, "other")

    def test_a_bearer_is_never_sent_to_another_host(self, api: Api, admin: User) -> None:
        sink = new_sink(bearer="the-bearer", key="a-key-of-some-length")
        api(admin).patch(f"/audit/sinks/{sink.pk}/", {"address": "tcp://127.0.0.1:10"})
        assert AuditSink.objects.get().secret == {"address": "tcp://127.0.0.1:10", "key": "a-key-of-some-length"}

    def test_taking_back_private_addresses_judges_the_one_that_is_there(self, api: Api, admin: User) -> None:
        sink = new_sink()
        answer = api(admin).patch(f"/audit/sinks/{sink.pk}/", {"allow_private_address": False})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/address")
        assert AuditSink.objects.get().allow_private_address

    def test_an_edit_on_an_older_state_is_refused(self, api: Api, admin: User) -> None:
        sink = new_sink()
        caller = api(admin)
        tag = caller.get(f"/audit/sinks/{sink.pk}/")["ETag"]
        assert caller.patch(f"/audit/sinks/{sink.pk}/", {"name": "a"}, headers={"If-Match": tag}).status_code == 200
        assert caller.patch(f"/audit/sinks/{sink.pk}/", {"name": "b"}, headers={"If-Match": tag}).status_code == 412

    def test_a_failing_one_is_tried_at_once(
        self, api: Api, admin: User, written: Written, collector: Collector, valkey: object
    ) -> None:
        written(1)
        sink = new_sink()
        assert ship(sink.pk) == 0
        api(admin).patch(f"/audit/sinks/{sink.pk}/", {"address": collector.url})
        assert ship(sink.pk) == 1


class TestTest:
    def test_it_goes_the_way_of_all_entries(self, api: Api, admin: User, collector: Collector, valkey: object) -> None:
        sink = new_sink(address=collector.url)
        answer = api(admin).post(f"/audit/sinks/{sink.pk}/test/")
        assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/audit/sinks/{sink.pk}/")
        seal()
        ship(sink.pk)
        ((_headers, arrived),) = collector.got
        assert b'"action":"audit_sink.test"' in arrived


class TestRemove:
    def test_it_is_gone_and_recorded(self, api: Api, admin: User) -> None:
        sink = new_sink("central")
        assert api(admin).delete(f"/audit/sinks/{sink.pk}/").status_code == 204
        assert not AuditSink.objects.exists()
        assert (Entry.objects.get().action, Entry.objects.get().before["name"]) == ("audit_sink.remove", "central")


class TestWho:
    @pytest.mark.parametrize("role", ["maintainer", "viewer", "stranger"])
    def test_others_than_admins_see_and_make_none(
        self, api: Api, web_client: Browser, request: pytest.FixtureRequest, role: str
    ) -> None:
        user = request.getfixturevalue(role)
        sink = new_sink("zebra")
        caller, browser = api(user), web_client(user)
        assert caller.get("/audit/sinks/").json()["results"] == []
        assert caller.post("/audit/sinks/", body()).status_code == 403
        for method in ("get", "patch", "delete"):
            assert getattr(caller, method)(f"/audit/sinks/{sink.pk}/").status_code == 404
        page = browser.get("/settings/audit-sinks/")
        assert (page.status_code, "zebra" in page.content.decode()) == (200, False)
        assert browser.get(f"/settings/audit-sinks/{sink.pk}/").status_code == 404
        assert visible(user, ["audit_sinks"]) == []
        assert AuditSink.objects.count() == 1

    def test_a_token_needs_the_scope(self, api: Api, admin: User) -> None:
        assert api(admin, scopes=["deploy", "read"]).post("/audit/sinks/", body()).status_code == 403


class TestPages:
    def test_made_edited_tested_and_removed(
        self, web_client: Browser, admin: User, certificate: Certificate, valkey: object
    ) -> None:
        browser = web_client(admin)
        typed = {"name": "central", "address": "tls://127.0.0.1:6514", "authority": certificate.pem, "start": "now"}
        refused = browser.post("/settings/audit-sinks/", typed)
        assert (refused.status_code, "private or loopback" in refused.content.decode()) == (422, True)
        assert 'value="central"' in refused.content.decode()
        made = browser.post("/settings/audit-sinks/", {**typed, "allow_private_address": "on", "is_active": "on"})
        sink = AuditSink.objects.get()
        assert (made.status_code, made["Location"]) == (303, sink.get_absolute_url())
        assert (sink.kind, sink.host, sink.authority.strip()) == ("tls", "127.0.0.1:6514", certificate.pem.strip())
        page = browser.get(sink.get_absolute_url()).content.decode()
        assert "127.0.0.1:6514" in page and "Send a test" in page
        edited = browser.post(
            sink.get_absolute_url(), {"name": "other", "authority": certificate.pem, "allow_private_address": "on"}
        )
        assert edited.status_code == 303
        sink.refresh_from_db()
        assert (sink.name, sink.is_active, sink.secret["address"]) == ("other", False, "tls://127.0.0.1:6514")
        assert browser.post(f"{sink.get_absolute_url()}test/").status_code == 303
        assert browser.post(f"{sink.get_absolute_url()}remove/").status_code == 303
        actions = list(Entry.objects.order_by("id").values_list("action", flat=True))
        assert actions == ["audit_sink.create", "audit_sink.edit", "audit_sink.test", "audit_sink.remove"]

    def test_a_failing_one_says_what_failed_and_when_next(
        self, web_client: Browser, admin: User, written: Written, valkey: object
    ) -> None:
        written(3)
        sink = new_sink("central")
        ship(sink.pk)
        listed = web_client(admin).get("/settings/audit-sinks/").content.decode()
        assert "127.0.0.1:9 does not take it: Connection refused" in listed
        page = web_client(admin).fragment(sink.get_absolute_url(), "progress").content.decode()
        assert "Connection refused" in page and "Nothing is lost" in page and "<html" not in page

    def test_the_palette_finds_it(self, web_client: Browser, admin: User, maintainer: User) -> None:
        assert "/settings/audit-sinks/" in web_client(admin).get("/palette/?q=sink").content.decode()
        assert "/settings/audit-sinks/" not in web_client(maintainer).get("/palette/?q=sink").content.decode()


def test_keys_are_rotated_with_all_others(admin: User, settings: Any) -> None:
    sink = new_sink()
    settings.FIELD_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", *settings.FIELD_KEYS]
    call_command("rotate_keys")
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    sink.refresh_from_db()
    assert sink.secret["address"] == "tcp://127.0.0.1:9"
