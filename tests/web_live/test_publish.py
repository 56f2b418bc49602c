"""What is published reaches the open pages of those who may see it, once, after the commit."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings
from redis import Redis

from accounts.models import User
from tests.conftest import until
from tests.web_live.conftest import Server
from web import live

Session = Callable[[User], str]


def test_a_published_topic_is_heard(stream: Server, viewer: User, session_of: Session) -> None:
    with stream.listen("harbour:vic", session_of(viewer)) as ear:
        live.publish("harbour:vic")
        assert ear.next() == "harbour:vic"


def test_nothing_is_heard_of_a_transaction_that_was_rolled_back(
    stream: Server, viewer: User, session_of: Session
) -> None:
    with stream.listen("harbour:vic", session_of(viewer)) as ear:
        with transaction.atomic():
            live.publish("harbour:vic")
            transaction.set_rollback(True)
        beats = ear.beats
        until(lambda: ear.beats > beats)
        assert ear.heard.empty()


def test_topics_of_others_are_not_heard(stream: Server, viewer: User, session_of: Session) -> None:
    with stream.listen("harbour:vic,harbour:ada", session_of(viewer)) as ear:
        live.publish("harbour:ada")
        live.publish("harbour:vic")
        assert ear.next() == "harbour:vic"
        with pytest.raises(queue.Empty):
            ear.next(0.2)


def test_without_redis_publishing_does_not_fail_and_streams_are_refused(
    stream: Server, viewer: User, session_of: Session, settings: Settings
) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    live.publish("harbour:vic")
    assert stream.get("harbour:vic", session_of(viewer)).status_code == 503


def test_a_stream_ends_when_redis_goes_away(stream: Server, viewer: User, session_of: Session, valkey: Redis) -> None:
    with stream.listen("harbour:vic", session_of(viewer)) as ear:
        valkey.client_kill_filter(_type="pubsub")
        assert ear.ended.wait(5)
