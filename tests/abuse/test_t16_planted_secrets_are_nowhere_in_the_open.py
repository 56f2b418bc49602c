"""T14, T16: planted secrets are in the open in no table, stream, log line or message to the broker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from redis import Redis

from accounts.models import Team, User
from accounts.streaming import Call
from audit.models import Entry
from deployments.stream import Stream
from installs.stream import Stream as InstallStream
from tests.abuse.furnished import House, furnish
from tests.abuse.planted import (
    AT_REST,
    IN_TEMPLATES,
    MARK,
    TEMPLATE_COLUMNS,
    columns_with_marks,
    encrypted_fields,
    found_in,
    plant,
    secrets_planted,
    spoken,
)
from tests.callers import ApiClient
from tests.conftest import until

Api = Callable[..., ApiClient]


@pytest.fixture
def house(transactional_db: None, payments: Team, developer: User) -> House:
    house = furnish(
        payments,
        developer,
        env=IN_TEMPLATES,
        spec={"containers": [{"name": "web", "image": "a:1", "env": [{"name": "X", "value": f"{MARK}-01-x"}]}]},
    )
    plant(house)
    return house


@pytest.fixture
def overheard(valkey: Redis) -> Iterator[Callable[[], list[str]]]:
    """All that is said to the broker, as MONITOR shows it; no worker runs, so that what is queued stays queued."""
    heard: list[str] = []
    stop = threading.Event()
    listener = Redis.from_url(settings.REDIS_URL, socket_timeout=None)
    with listener.monitor() as monitor:

        def listen() -> None:
            for command in monitor.listen():
                heard.append(command["command"])
                if stop.is_set():
                    return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()

        def all_of_it() -> list[str]:
            valkey.publish("the-end", "of it")
            until(lambda: any("the-end" in command for command in heard), seconds=5)
            return heard

        yield all_of_it
        stop.set()
        valkey.publish("the-end", "really")
        thread.join(5)
    listener.close()


def test_there_are_thirty_and_each_encrypted_field_holds_one(house: House) -> None:
    assert encrypted_fields() == AT_REST.keys()
    assert len(set(secrets_planted())) >= 30
    assert all(found_in(secret) for secret in secrets_planted())


def test_t14_a_dump_of_the_database_holds_them_in_pod_templates_alone(house: House) -> None:
    found = columns_with_marks()
    templates = {f"{MARK}-{number:02d}-" for number in range(1, 8)} | {f"{MARK}-again-"}
    assert found.keys() <= TEMPLATE_COLUMNS
    assert found.keys() >= {"deployments_release.template_to", "deployments_revision.template"}, "the dump was not read"
    assert set().union(*found.values()) <= templates


def test_t14_streams_tell_none(house: House) -> None:
    release = Call(house.release.pk, {}, {})
    install = Call(house.install.pk, {}, {})
    lines = [*Stream.news_of(release, 0).lines, *InstallStream.news_of(install, 0).lines]
    assert lines
    assert [line for line in lines if found_in(line.decode())] == []


def test_t16_what_people_do_leaves_none_in_tables_messages_or_logs(
    house: House, api: Api, admin: User, overheard: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    before = columns_with_marks()
    caller = api(admin)
    secret_url = f"https://hooks.example/{MARK}-41-url"
    with caplog.at_level(logging.DEBUG):
        calls: list[Any] = [
            caller.post(f"/releases/{house.release.pk}/abort/", {"reason": "stop"}, headers={"Idempotency-Key": "1"}),
            caller.post("/clusters/zebra-cluster/refresh/"),
            caller.post(
                "/users/",
                {"username": "new", "password": f"{MARK}-42-new-password"},
                headers={"Idempotency-Key": "2"},
            ),
            caller.post(
                "/notification-channels/",
                {"name": "hook", "kind": "webhook", "url": secret_url, "key": f"{MARK}-43-key", "team": "payments"},
                headers={"Idempotency-Key": "3"},
            ),
            caller.post(f"/notification-channels/{house.channel.pk}/test/"),
            caller.post(
                "/installs/",
                {
                    "name": "second",
                    "kubernetes_version": "1.37.2",
                    "hosts": [
                        {
                            "name": "one",
                            "address": "192.0.2.9",
                            "user": "root",
                            "role": "control_plane",
                            "credential": {"password": f"{MARK}-44-password"},
                        }
                    ],
                },
                headers={"Idempotency-Key": "4"},
            ),
            caller.post("/tokens/", {"name": "made"}, headers={"Idempotency-Key": "5"}),
            caller.post(f"/installs/{house.install.pk}/preflight/", headers={"Idempotency-Key": "6"}),
        ]
    made = calls[6].json()["token"]
    assert [answer.status_code for answer in calls if answer.status_code >= 500] == []
    assert sum(answer.status_code < 300 for answer in calls) >= 6, [answer.content for answer in calls]
    assert Entry.objects.filter(action="release.abort").exists()

    assert {name: marks for name, marks in columns_with_marks().items() if marks - before.get(name, set())} == {}
    said = list(spoken(overheard()))
    assert any("celery" in line.lower() or "task" in line for line in said), "nothing was queued: it proves nothing"
    assert [line[:200] for line in said if found_in(line) or made in line] == []
    assert found_in(caplog.text) == [] and made not in caplog.text
