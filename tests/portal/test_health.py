"""Alive and ready, for probes that cannot sign in."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from redis import Redis

from durable import heartbeat
from durable.clock import DbNow
from durable.models import Heartbeat


def test_alive_asks_nothing(client: Client) -> None:
    answer = client.get("/healthz/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


def test_ready_when_everything_answers(anonymous: Client, db: None, valkey: Redis) -> None:
    heartbeat.beat("worker")
    heartbeat.beat("watch")
    answer = anonymous.get("/healthz/ready")
    assert (answer.status_code, answer.json()["missing"]) == (200, [])


def test_it_names_what_is_missing(anonymous: Client, db: None, valkey: Redis, settings: Settings) -> None:
    heartbeat.beat("watch")
    Heartbeat.objects.update(at=DbNow(-60))
    settings.REDIS_URL = "unix://:secret-password@/nowhere.sock"
    answer = anonymous.get("/healthz/ready")
    said = answer.json()
    assert answer.status_code == 503
    assert said["missing"] == ["broker", "worker", "watcher"]
    assert said["checks"]["worker"] == "never seen"
    assert said["checks"]["watcher"] == "last seen 60 s ago"
    assert "secret-password" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
def test_nothing_can_be_sent_there(anonymous: Client, path: str) -> None:
    assert anonymous.post(path).status_code == 405


def test_a_probe_may_ask_by_any_address_and_nothing_else_may(client: Client) -> None:
    assert client.get("/healthz/live", headers={"host": "10.244.1.7:8000"}).status_code == 200
    assert client.get("/sign-in/", headers={"host": "10.244.1.7:8000"}).status_code == 400
