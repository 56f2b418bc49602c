"""T14 and T16: planted secrets are in no page, answer, export, audit entry, log line or message, for any role.

What is asked comes from the URL map: a new address is crawled as soon as it is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from accounts.models import Team, User
from audit.models import Entry
from durable.models import IdempotencyKey
from tests.abuse.furnished import House, Place, furnish, places
from tests.abuse.planted import IN_TEMPLATES, found_in, plant
from tests.callers import ApiClient, PageClient

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

NOT_CRAWLED = {"sign_out", "healthz_live", "healthz_ready"}
QUERIES = {
    "deployments:deploy": "?environment=stage&image=nginx:1",
    "deploy": "?environment=stage&step=review&image=registry.example/shop/checkout:9",
    "rollback": "?environment=stage",
    "revisions": "?environment=stage",
    "release_wait": "?timeout=1",
    "cluster": "?namespace=stage",
}


@pytest.fixture
def house(payments: Team, developer: User) -> House:
    env = [{"name": name, "value": value} for name, value in IN_TEMPLATES.items()]
    house = furnish(
        payments,
        developer,
        env=IN_TEMPLATES,
        metadata={
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": str(env)},
            "labels": {"app": "web"},
        },
        spec={"nodeName": "node-1", "containers": [{"name": "web", "image": "a:1", "env": env}]},
        status={"phase": "Running"},
    )
    plant(house)
    return house


def answers(house: House, place: Place, caller: PageClient | ApiClient) -> list[Any]:
    path = place.filled(house.values) + QUERIES.get(place.name, "")
    found = [caller.get(path)]
    if isinstance(caller, PageClient):
        found.append(caller.get(path, headers={"HX-Request": "true"}))
    return found


@pytest.mark.parametrize("role", ["admin", "maintainer", "developer", "approver", "viewer"])
def test_t14_no_address_answers_a_secret(
    house: House, api: Api, web_client: Web, role: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    user = request.getfixturevalue(role)
    machine, browser = api(user), web_client(user)
    leaks, opened, masked = [], 0, 0
    with caplog.at_level(logging.DEBUG):
        for place in places():
            if place.name in NOT_CRAWLED:
                continue
            for answer in answers(house, place, machine if place.is_api else browser):
                text = b"".join(answer).decode() if answer.streaming else answer.content.decode()
                opened += answer.status_code == 200
                masked += "DB_PASSWORD" in text
                assert place.answers(answer.status_code), place
                leaks += [f"{place}: …{text[max(0, text.index(mark) - 60) :][:120]}" for mark in found_in(text)]
    assert leaks == []
    assert opened > 30
    assert masked, "no address shows the templates that hold the secrets: the sweep proves nothing"
    assert found_in(caplog.text) == []


def test_t16_what_people_do_leaves_no_secret_in_audit_stored_answers_logs_or_messages(
    house: House, api: Api, admin: User, valkey: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caller, key = api(admin), {"Idempotency-Key": "one"}
    with caplog.at_level(logging.DEBUG):
        release = f"/releases/{house.release.pk}"
        caller.post(f"{release}/abort/", {"reason": "stop"}, headers=key)
        config = {"checkout": {"env": [{"name": "DB_PASSWORD", "value": "planted-10-config"}]}}
        wish = {"service": "zebra-checkout", "environment": "stage", "image": "nginx:1", "config": config}
        caller.post("/releases/", wish, headers={"Idempotency-Key": "two"})
        credentials = {"api_url": "https://192.0.2.9:6443", "token": "planted-11-token"}
        caller.put("/clusters/zebra-cluster/credentials/", credentials)
        caller.post("/clusters/", {"name": "second", **credentials}, headers={"Idempotency-Key": "three"})
        caller.post("/clusters/zebra-cluster/refresh/")
        caller.post("/users/", {"username": "new", "password": "planted-12-password"}, headers={"Idempotency-Key": "4"})
        caller.patch("/services/zebra-checkout/", {"links": [{"title": "x", "url": "https://a:planted-13@b.example/"}]})
        caller.patch("/clusters/zebra-cluster/", {"prometheus_url": "http://a:planted-14@b.example"})
    assert Entry.objects.filter(action="release.abort").exists()
    kept = [str(row) for model in (Entry, IdempotencyKey) for row in model.objects.values()]
    kept += [str(valkey.dump(key)) for key in valkey.scan_iter()]
    assert [text for text in kept if "planted" in text] == []
    assert "planted" not in caplog.text
