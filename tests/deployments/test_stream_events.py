"""The timeline as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from redis import Redis

from accounts.models import Team, Token, User
from deployments.engine.decision import Said, Sentence
from services.models import Target
from tests.callers import PageClient
from tests.deployments.serving import Caller, callers_at, served
from tests.factories.deployments import checkout_target, end, new_release, say
from web.live import publish

Call = Callable[..., Caller]


@pytest.fixture
def target(transactional_db: None, payments: Team) -> Target:
    return checkout_target(payments, "dev")


@pytest.fixture
def server(transactional_db: None, valkey: Redis) -> Iterator[str]:
    with served(look_again_seconds=1) as url:
        yield url


@pytest.fixture
def call(server: str) -> Iterator[Call]:
    with callers_at(server) as call:
        yield call


def events(response: httpx.Response) -> Iterator[tuple[int, dict[str, object]]]:
    """`id` and `data` of each event, as they arrive."""
    number = 0
    for line in response.iter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            yield number, json.loads(line[6:])


def test_what_was_and_what_comes_until_the_end(call: Call, viewer: User, target: Target) -> None:
    release = new_release(target)
    with call(viewer).stream(release) as response:
        arriving = events(response)
        number, first = next(arriving)
        assert (response.status_code, number, first["kind"]) == (200, 1, "release.start")

        say(release, Said("checks.pass", Sentence("checks_passed", {})))
        publish(f"release:{release.pk}")
        assert next(arriving)[0] == 2

        end(release)
        publish(f"release:{release.pk}")
        assert [(number, event["kind"]) for number, event in arriving] == [(3, "release.succeed")]


def test_who_lost_the_connection_misses_nothing(call: Call, viewer: User, target: Target) -> None:
    release = new_release(target, said=[Said("checks.pass", Sentence("checks_passed", {}))])
    end(release)

    with call(viewer).stream(release, **{"Last-Event-ID": "1"}) as response:
        assert [number for number, _event in events(response)] == [2, 3]


def test_after_the_last_event_an_event_source_is_told_to_stop(call: Call, viewer: User, target: Target) -> None:
    release = new_release(target)
    end(release)

    with call(viewer).stream(release, **{"Last-Event-ID": "2"}) as response:
        assert response.status_code == 204


def test_it_says_the_same_as_the_list(call: Call, viewer: User, target: Target) -> None:
    release = new_release(target)
    end(release)
    caller = call(viewer)

    listed = caller.http.get(f"/releases/{release.pk}/events/").json()["results"]
    with caller.stream(release) as response:
        assert [event for _number, event in events(response)] == listed


def test_who_may_not_see_it_gets_a_problem_instead(call: Call, stranger: User, target: Target) -> None:
    release = new_release(target)

    for caller, status in ((call(), 401), (call(stranger), 404)):
        with caller.stream(release) as response:
            assert response.status_code == status
            assert response.headers["Content-Type"] == "application/problem+json"


def test_a_strange_resume_number_is_refused(call: Call, viewer: User, target: Target) -> None:
    release = new_release(target)

    answer = call(viewer).http.get(f"/releases/{release.pk}/events/?after=x", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 400


def test_t21_a_page_of_another_origin_is_refused(call: Call, server: str, viewer: User, target: Target) -> None:
    release = new_release(target)
    cookie = "; ".join(f"{one.key}={one.value}" for one in PageClient.of(viewer).cookies.values())

    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        with call().stream(release, Cookie=cookie, **foreign) as response:
            assert response.status_code == 403
    with call().stream(release, Cookie=cookie, Origin=server) as response:
        assert response.status_code == 200


def test_t23_it_ends_when_the_token_is_revoked(call: Call, viewer: User, target: Target) -> None:
    with call(viewer).stream(new_release(target)) as response:
        arriving = events(response)
        next(arriving)

        Token.objects.filter(user=viewer).delete()

        assert list(arriving) == []
