"""Channels by REST and page: who may make them, that secrets stay inside, that addresses are checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import Team, User
from audit.models import Entry
from notifications.models import Channel, Notice
from tests.callers import ApiClient, PageClient
from tests.notifications.conftest import Receiver, new_channel

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
HERE = "/notification-channels/"
WISH: dict[str, Any] = {"team": "payments", "name": "ops", "kind": "email", "to": ["a@example.org"]}


def test_a_maintainer_makes_edits_and_removes_one(api: Api, maintainer: User, payments: Team) -> None:
    caller = api(maintainer)
    made = caller.post(HERE, {**WISH, "events": ["release.fail"]})
    assert made.status_code == 201, made.content
    where = f"{HERE}{made.json()['id']}/"
    assert caller.patch(where, {"events": ["approval.ask"]}).json()["events"] == ["approval.ask"]
    assert caller.delete(where).status_code == 204
    actions = set(Entry.objects.values_list("action", flat=True))
    assert {"channel.create", "channel.edit", "channel.remove"} <= actions


def test_others_of_the_team_look_and_strangers_do_not(
    api: Api, developer: User, stranger: User, payments: Team
) -> None:
    channel = new_channel(payments, "email", to=["a@example.org"])
    where = f"{HERE}{channel.pk}/"
    assert api(developer).get(where).status_code == 200
    assert api(developer).post(HERE, WISH).status_code == 403
    assert api(developer).delete(where).status_code == 403
    for method in ("get", "delete", "patch"):
        assert getattr(api(stranger), method)(where).status_code == 404
    assert api(stranger).post(f"{where}test/").status_code == 404
    assert api(stranger).get(f"{where}deliveries/").status_code == 404


def test_one_for_every_team_is_for_admins(api: Api, maintainer: User, admin: User, payments: Team) -> None:
    wish = {**WISH, "team": None}
    assert api(maintainer).post(HERE, wish).status_code == 403
    assert api(admin).post(HERE, wish).status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "fax"}, "/kind"),
        ({"name": ""}, "/name"),
        ({"to": []}, "/to"),
        ({"to": ["nobody"]}, "/to/0"),
        ({"events": ["release.explode"]}, "/events/0"),
        ({"colour": "red"}, "/colour"),
        ({"team": "no-such"}, "/team"),
        ({"kind": "webhook"}, "/url"),
        ({"kind": "webhook", "url": "https://example.org/x", "key": "short"}, "/key"),
    ],
)
def test_what_is_wrong_is_named(
    api: Api, maintainer: User, payments: Team, change: dict[str, Any], pointer: str
) -> None:
    answer = api(maintainer).post(HERE, {**WISH, **change})
    assert answer.status_code == 422, answer.content
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/",
        "https://169.254.169.254/",
        "https://localhost/",
        "https://[::1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://10.0.0.1/",
        "https://user:password@example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "http://example.org/",
        "https://[::ffff:169.254.169.254]/",
    ],
)
def test_t08_addresses_of_the_own_network_are_told_nothing(
    api: Api, maintainer: User, payments: Team, url: str
) -> None:
    answer = api(maintainer).post(HERE, {"team": "payments", "name": "x", "kind": "webhook", "url": url})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/url"]


def test_t08_only_an_admin_allows_private_ones_and_metadata_nobody(
    api: Api, maintainer: User, admin: User, payments: Team
) -> None:
    wish = {"team": "payments", "name": "x", "kind": "webhook", "allow_private_address": True}
    assert api(maintainer).post(HERE, {**wish, "url": "http://127.0.0.1:1/"}).status_code == 403
    assert api(admin).post(HERE, {**wish, "url": "http://169.254.169.254/"}).status_code == 422
    made = api(admin).post(HERE, {**wish, "url": "http://127.0.0.1:1/"})
    assert made.status_code == 201
    elsewhere = api(maintainer).patch(f"{HERE}{made.json()['id']}/", {"url": "http://10.0.0.1/"})
    assert elsewhere.status_code == 403


def test_t14_address_and_key_are_shown_once_or_never(
    api: Api, web_client: Web, admin: User, payments: Team, receiver: Receiver
) -> None:
    wish = {"team": "payments", "name": "x", "kind": "webhook", "allow_private_address": True, "url": receiver.url}
    made = api(admin).post(HERE, wish, headers={"Idempotency-Key": "one"})
    key = made.json()["key"]
    again = api(admin).post(HERE, wish, headers={"Idempotency-Key": "one"})
    where = made.json()["id"]
    read = [
        again.content,
        api(admin).get(f"{HERE}{where}/").content,
        api(admin).get(HERE).content,
        web_client(admin).get("/settings/channels/").content,
        web_client(admin).get(f"/settings/channels/{where}/").content,
        str(list(Entry.objects.values_list("before", "after", "data"))).encode(),
    ]
    for text in read:
        assert key.encode() not in text and b"secret-path" not in text
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM notifications_channel")
        assert "secret-path" not in str(cursor.fetchall())


def test_keys_are_rotated_with_the_others(payments: Team, receiver: Receiver, settings: Any) -> None:
    from cryptography.fernet import Fernet

    channel = new_channel(payments, url=receiver.url)
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    call_command("rotate_keys")
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert Channel.objects.get(pk=channel.pk).secret["url"] == receiver.url


def test_a_test_message_is_sent_and_its_log_says_so(
    api: Api, web_client: Web, maintainer: User, payments: Team, receiver: Receiver
) -> None:
    from notifications.delivery import sweep

    channel = new_channel(payments, url=receiver.url)
    answer = api(maintainer).post(f"{HERE}{channel.pk}/test/")
    assert answer.status_code == 202
    assert sweep() == 1
    (row,) = api(maintainer).get(answer["Location"]).json()["results"]
    assert (row["state"], row["answer"]) == ("delivered", "200")
    page = web_client(maintainer).get(f"/settings/channels/{channel.pk}/").content.decode()
    assert "Slipway can reach this channel" in page and "delivered" in page
    assert Entry.objects.filter(action="channel.test").exists()


def test_the_pages_work_without_javascript(web_client: Web, maintainer: User, payments: Team) -> None:
    browser = web_client(maintainer)
    form = {"team": "payments", "name": "ops", "kind": "email", "to": "a@example.org", "events": ["release.fail"]}
    answer = browser.post("/settings/channels/", {**form, "is_active": "on"})
    channel = Channel.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, channel.get_absolute_url())
    wrong = browser.post("/settings/channels/", {**form, "to": "nobody"})
    assert wrong.status_code == 422 and "no e-mail address" in wrong.content.decode()
    where = channel.get_absolute_url()
    browser.post(where, {"name": "ops", "to": "b@example.org", "events": ["approval.ask"], "is_active": "on"})
    channel.refresh_from_db()
    assert (channel.to, channel.events) == (["b@example.org"], ["approval.ask"])
    assert browser.post(f"{where}test/").status_code == 303
    assert Notice.objects.count() == 1
    assert browser.post(f"{where}remove/").status_code == 303
    assert not Channel.objects.exists()
