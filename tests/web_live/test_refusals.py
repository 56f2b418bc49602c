"""Who gets no stream, and when an open one is closed: T21, T23."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from accounts.session_store import SessionStore
from tests.web_live.conftest import Server

Session = Callable[[User], str]


def test_t21_a_foreign_origin_is_refused(stream: Server, viewer: User, session_of: Session) -> None:
    assert stream.get("harbour:vic", session_of(viewer), Origin="https://evil.example").status_code == 403


def test_t21_a_cross_site_request_is_refused(stream: Server, viewer: User, session_of: Session) -> None:
    assert stream.get("harbour:vic", session_of(viewer), **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_the_own_origin_is_served(stream: Server, viewer: User, session_of: Session) -> None:
    assert stream.get("harbour:vic", session_of(viewer), Origin=stream.url).status_code == 200


def test_a_host_that_is_not_ours_is_refused(stream: Server, viewer: User, session_of: Session) -> None:
    assert stream.get("harbour:vic", session_of(viewer), Host="evil.example").status_code == 400


@pytest.mark.parametrize("key", ["", "made-up"])
def test_nobody_signed_in_gets_no_stream(stream: Server, key: str) -> None:
    assert stream.get("harbour:vic", key).status_code == 401


@pytest.mark.parametrize("topics", ["", "harbour:ada", "no-such-topic", "harbour"])
def test_topics_that_may_not_be_heard_do_not_exist(
    stream: Server, viewer: User, session_of: Session, topics: str
) -> None:
    assert stream.get(topics, session_of(viewer)).status_code == 404


def test_t23_a_stream_closes_after_signing_out(stream: Server, viewer: User, session_of: Session) -> None:
    key = session_of(viewer)
    with stream.listen("harbour:vic", key) as ear:
        SessionStore(key).delete()
        assert ear.ended.wait(5)


def test_t23_a_stream_closes_when_the_person_is_switched_off(stream: Server, viewer: User, session_of: Session) -> None:
    with stream.listen("harbour:vic", session_of(viewer)) as ear:
        User.objects.filter(pk=viewer.pk).update(is_active=False)
        assert ear.ended.wait(5)


def test_t23_a_stream_closes_when_a_topic_may_no_longer_be_heard(
    stream: Server, viewer: User, session_of: Session
) -> None:
    with stream.listen("harbour:vic", session_of(viewer)) as ear:
        User.objects.filter(pk=viewer.pk).update(username="victor")
        assert ear.ended.wait(5)
