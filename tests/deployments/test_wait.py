"""The long poll: held without a thread, woken by the release, answered by Django."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from redis import Redis

from accounts.models import Team, Token, User
from deployments.models import Release
from services.models import Target
from tests.conftest import until
from tests.deployments.serving import Caller, callers_at, served
from tests.factories.deployments import checkout_target, end, new_release
from web.live import channel, publish

Call = Callable[..., Caller]


@pytest.fixture
def target(transactional_db: None, payments: Team) -> Target:
    return checkout_target(payments, "dev")


@pytest.fixture
def server(transactional_db: None, valkey: Redis) -> Iterator[str]:
    """So patient that only a wake-up explains an early answer."""
    with served(look_again_seconds=20) as url:
        yield url


@pytest.fixture
def call(server: str) -> Iterator[Call]:
    with callers_at(server) as call:
        yield call


def is_listened_to(valkey: Redis) -> bool:
    return dict(valkey.pubsub_numsub(channel())).get(channel().encode(), 0) > 0


def test_an_ended_release_is_answered_at_once(call: Call, viewer: User, target: Target) -> None:
    answer = call(viewer).wait(new_release(target, phase="Failed"), timeout=60)

    assert (answer.status_code, answer.json()["status"]) == (200, "failed")


def test_the_time_is_up(call: Call, viewer: User, target: Target) -> None:
    began = time.monotonic()

    answer = call(viewer).wait(new_release(target), timeout=1)

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "1"
    assert 0.9 < time.monotonic() - began < 5


def test_the_end_of_the_release_is_the_end_of_the_wait(call: Call, valkey: Redis, viewer: User, target: Target) -> None:
    release = new_release(target)
    thread, answers = call(viewer).in_background(release, timeout=20)
    until(lambda: is_listened_to(valkey))

    end(release)
    publish(f"release:{release.pk}")
    thread.join(5)

    assert [(one.status_code, one.json()["status"]) for one in answers] == [(200, "succeeded")]


def test_a_change_that_is_no_end_does_not_end_it(call: Call, valkey: Redis, viewer: User, target: Target) -> None:
    release = new_release(target)
    thread, answers = call(viewer).in_background(release, timeout=2)
    until(lambda: is_listened_to(valkey))

    publish(f"release:{release.pk}")
    thread.join(10)

    assert [one.status_code for one in answers] == [202]


def test_an_approval_ends_the_wait_of_who_wants_to_know(
    call: Call, valkey: Redis, viewer: User, target: Target
) -> None:
    release = new_release(target)
    told, told_answers = call(viewer).in_background(release, timeout=20, **{"for": "approval"})
    other, other_answers = call(viewer).in_background(release, timeout=3)
    until(lambda: is_listened_to(valkey))

    Release.objects.filter(pk=release.pk).update(status="waiting", phase="AwaitingApproval", reason="ApprovalRequired")
    publish(f"release:{release.pk}")
    told.join(5)

    assert [(one.status_code, one.json()["reason"]) for one in told_answers] == [(202, "ApprovalRequired")]
    assert other_answers == []
    other.join(10)


def test_without_redis_it_only_gets_slower(
    transactional_db: None, viewer: User, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = new_release(target)
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    with served(look_again_seconds=0.2) as url, callers_at(url) as call:
        thread, answers = call(viewer).in_background(release, timeout=20)
        time.sleep(0.5)
        assert answers == []
        end(release)
        thread.join(5)

    assert [one.status_code for one in answers] == [200]


def test_who_may_not_see_it_is_not_kept_waiting(call: Call, stranger: User, target: Target) -> None:
    release = new_release(target)
    began = time.monotonic()

    assert call().wait(release, timeout=30).status_code == 401
    assert call(stranger).wait(release, timeout=30).status_code == 404
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("timeout", ["0", "61", "x", "-1", "1.5"])
def test_a_strange_time_is_refused_at_once(call: Call, viewer: User, target: Target, timeout: str) -> None:
    answer = call(viewer).wait(new_release(target), timeout=timeout)

    assert answer.status_code == 400
    assert "from 1 to 60" in answer.json()["detail"]


def test_t23_the_answer_is_for_who_is_still_allowed(call: Call, valkey: Redis, viewer: User, target: Target) -> None:
    release = new_release(target)
    thread, answers = call(viewer).in_background(release, timeout=20)
    until(lambda: is_listened_to(valkey))

    Token.objects.filter(user=viewer).delete()
    end(release)
    publish(f"release:{release.pk}")
    thread.join(5)

    assert [one.status_code for one in answers] == [401]


def test_many_may_wait_at_once(call: Call, valkey: Redis, viewer: User, target: Target) -> None:
    release = new_release(target)
    caller = call(viewer)
    waits = [caller.in_background(release, timeout=20) for _ in range(40)]
    until(lambda: is_listened_to(valkey))

    # Django still answers others meanwhile: no thread is held by those who wait.
    assert caller.http.get(f"/releases/{release.pk}/").status_code == 200
    end(release)
    publish(f"release:{release.pk}")
    for thread, _answers in waits:
        thread.join(20)

    assert [one.status_code for _thread, answers in waits for one in answers] == [200] * 40
    assert Release.objects.get(pk=release.pk).ended
