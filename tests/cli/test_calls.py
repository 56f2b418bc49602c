"""Calls through bad weather: what passes is tried again, what does not is told in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.cli.command import Cli
from tests.cli.scripted import Cut, Reply, Scripted, problem

Script = Callable[..., Scripted]
EMPTY = Reply(body={"results": [], "next": None})
BEGUN = Reply(
    202,
    {
        "id": "00000000-0000-4000-8000-000000000001",
        "service": "web",
        "version": "1",
        "environment": "dev",
        "status": "queued",
        "links": {"ui": "http://x/releases/1/"},
    },
)


def at(cli: Cli, server: Scripted, **env: str) -> Cli:
    return cli.with_(SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x", SLIPWAY_RETRY_SECONDS="10", **env)


@pytest.mark.parametrize("passing", [Cut(), Reply(502), Reply(503, b"<html>", content_type="text/html"), Reply(500)])
def test_what_passes_by_itself_is_tried_again(alone: Cli, scripted: Script, passing: Reply | Cut) -> None:
    server = scripted(passing, passing, EMPTY)
    ended = at(alone, server)("releases", "-o", "json")
    assert (ended.code, ended.json) == (0, [])
    assert len(server.asked) == 3
    assert ended.err.count("trying again") == 1


def test_the_same_key_goes_with_every_try(alone: Cli, scripted: Script) -> None:
    claimed = problem(409, "idempotency_in_progress")
    server = scripted(Cut(), claimed, Reply(503), BEGUN)
    ended = at(alone, server)("deploy", "web", "dev", "-i", "web:1")
    assert ended.code == 0, ended.err
    keys = server.headers("Idempotency-Key")
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert len(keys[0]) > 20


def test_jobs_have_keys_of_their_own_and_every_try_of_one_job_the_same(alone: Cli, scripted: Script) -> None:
    server = scripted(BEGUN)
    github = {"GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "deploy"}
    for env in (
        github,
        github,
        {**github, "GITHUB_RUN_ATTEMPT": "2"},
        {"CI_PROJECT_ID": "3", "CI_JOB_ID": "9"},
        {"BUILD_TAG": "jenkins-shop-12"},
        {},
        {},
    ):
        assert at(alone, server, **env)("deploy", "web", "dev", "-i", "web:1").code == 0
    assert at(alone, server, **github)("deploy", "web", "dev", "-i", "web:2").code == 0
    assert at(alone, server, **github)("deploy", "web", "dev", "-i", "web:1", "--idempotency-key", "mine").code == 0

    first, second, *others = server.headers("Idempotency-Key")

    assert first == second
    assert first.startswith("github-deploy-")
    assert others[-1] == "mine"
    assert len({first, *others}) == 1 + len(others)
    assert all(len(key) <= 255 and key.isascii() for key in (first, *others))


def test_retry_after_is_honoured(alone: Cli, scripted: Script) -> None:
    server = scripted(problem(429, "too_many_requests", headers={"Retry-After": "2"}), EMPTY)
    began = time.monotonic()
    assert at(alone, server)("releases").code == 0
    assert time.monotonic() - began >= 2


def test_retry_after_beyond_the_patience_is_not_waited_for(alone: Cli, scripted: Script) -> None:
    server = scripted(problem(429, "too_many_requests", headers={"Retry-After": "300"}))
    ended = at(alone, server)("releases")
    assert ended.code == 2
    assert len(server.asked) == 1
    assert "next: wait a minute" in ended.err


def test_a_fault_in_the_portals_own_words_is_tried_three_times_at_most(alone: Cli, scripted: Script) -> None:
    server = scripted(problem(500, "internal_error"))
    ended = at(alone, server)("releases")
    assert ended.code == 2
    assert len(server.asked) == 3
    assert "request id: r-1" in ended.err


def test_a_refusal_is_told_whole(alone: Cli, scripted: Script) -> None:
    errors = [
        {"pointer": "/image", "code": "invalid", "detail": "no image"},
        {"pointer": "/version", "code": "invalid", "detail": "too long"},
    ]
    server = scripted(problem(422, "invalid", next="write another", errors=errors))
    ended = at(alone, server)("deploy", "web", "dev", "-i", "web:1")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        "error: invalid (422)",
        "  because",
        "  /image: no image",
        "  /version: too long",
        "  next: write another",
        "  request id: r-1",
    ]


def test_what_blocks_is_named_and_ends_with_6(alone: Cli, scripted: Script) -> None:
    blockers = [{"kind": "freeze_window", "name": "year-end", "until": "2027-01-02T00:00:00Z", "detail": "x"}]
    server = scripted(problem(409, "release_blocked", blocked_by=blockers))
    ended = at(alone, server)("deploy", "web", "dev", "-i", "web:1")
    assert ended.code == 6
    assert "blocked by freeze_window: name year-end, until 2027-01-02T00:00:00Z" in ended.err


def test_an_answer_of_another_shape_is_no_failed_release(alone: Cli, scripted: Script) -> None:
    ended = at(alone, scripted(Reply(202, [1])))("deploy", "web", "dev", "-i", "web:1", "--wait")
    assert ended.code == 2
    assert "does not expect" in ended.err
    assert "Traceback" not in ended.err


def test_a_refusal_of_an_earlier_try_of_the_job_is_asked_anew(alone: Cli, scripted: Script) -> None:
    before = problem(409, "release_blocked", headers={"Idempotency-Replayed": "true"})
    server = scripted(before, before, BEGUN)
    ended = at(alone, server, CI_PROJECT_ID="1", CI_JOB_ID="2")("deploy", "web", "dev", "-i", "web:1")
    assert ended.code == 0, ended.err
    first, second, third = server.headers("Idempotency-Key")
    assert (second, third) == (f"{first}-2", f"{first}-3")
    mine = at(alone, scripted(before))("deploy", "web", "dev", "-i", "web:1", "--idempotency-key", "mine")
    assert mine.code == 2


def test_in_a_job_of_github_nothing_that_others_say_is_a_command(alone: Cli, scripted: Script) -> None:
    server = scripted(problem(422, "invalid", detail="::set-env name=PATH::/evil\n ##[add-path]/evil"))
    ended = at(alone, server, GITHUB_ACTIONS="true")("deploy", "web", "dev", "-i", "web:1")
    lines = ended.err.splitlines()
    assert [line for line in lines if line.strip().startswith("::") or "##[" in line] == []
    assert "  : :set-env name=PATH::/evil" in lines


def test_json_means_what_it_said_and_drives_no_terminal(alone: Cli, scripted: Script) -> None:
    rows = [{"name": "a\u202eb\x9b31m\U000e0001 世界"}]
    ended = at(alone, scripted(Reply(body={"results": rows, "next": None})))("services", "-o", "json")
    assert ended.json == rows
    assert "\u202e" not in ended.out
    assert "\x9b" not in ended.out
    assert "世界" in ended.out


def test_a_redirect_is_told_and_not_followed(alone: Cli, scripted: Script) -> None:
    thief = scripted(EMPTY)
    server = scripted(Reply(302, headers={"Location": f"{thief.url}/api/v1/releases/"}))
    ended = at(alone, server)("releases")
    assert ended.code == 2
    assert f"to {thief.url}" in ended.err
    assert thief.asked == []


def test_the_page_of_a_proxy_is_no_answer(alone: Cli, scripted: Script) -> None:
    server = scripted(Reply(200, b"<html>Sign in</html>", content_type="text/html"))
    ended = at(alone, server)("releases")
    assert ended.code == 2
    assert "not JSON (200, text/html)" in ended.err


def test_a_proxy_of_the_environment_never_sees_what_stays_on_this_machine(alone: Cli, scripted: Script) -> None:
    proxy, server = scripted(EMPTY), scripted(EMPTY)
    assert at(alone, server, HTTP_PROXY=proxy.url, http_proxy=proxy.url)("releases").code == 0
    assert proxy.asked == []


@pytest.mark.parametrize(
    "url", ["http://slipway.example", "slipway.example:80/x?y", "ftp://x", "https://a:b@c", "https://"]
)
def test_addresses_that_no_token_should_go_to(alone: Cli, url: str) -> None:
    ended = alone.with_(SLIPWAY_URL=url, SLIPWAY_TOKEN="slip_x")("releases")
    assert ended.code == 2
    assert "next: " in ended.err


def test_plain_http_to_another_machine_has_to_be_wanted(alone: Cli, scripted: Script) -> None:
    server = scripted(EMPTY)
    # This machine as well, by an address that is not of its loopback.
    elsewhere = server.url.replace("127.0.0.1", "0.0.0.0")
    cli = alone.with_(SLIPWAY_TOKEN="slip_x", SLIPWAY_URL=elsewhere)
    refused = cli("releases")
    assert (refused.code, "unprotected" in refused.err, server.asked) == (2, True, [])
    assert cli("releases", "--insecure-http").code == 0
    assert cli.with_(SLIPWAY_INSECURE_HTTP="1")("releases").code == 0


def test_any_call_can_be_made(alone: Cli, scripted: Script) -> None:
    server = scripted(Reply(201, {"ok": True}))
    cli = at(alone, server)
    made = cli("api", "post", "teams/", "-f", "name=web", "-F", "size=3", "-H", 'If-Match: "1"')
    assert (made.code, made.json) == (0, {"ok": True})
    head, _, body = server.asked[0].partition("\r\n\r\n")
    assert head.startswith("POST /api/v1/teams/ HTTP/1.1")
    assert 'If-Match: "1"' in head
    assert "Idempotency-Key: " in head
    assert "Authorization: Bearer slip_x" in head
    assert json.loads(body) == {"name": "web", "size": 3}

    assert cli("api", "GET", "/api/v1/services/?team=a", "-f", "search=x y").code == 0
    assert server.asked[1].startswith("GET /api/v1/services/?team=a&search=x+y") or server.asked[1].startswith(
        "GET /api/v1/services/?team=a&search=x%20y"
    )
    (alone.home / "body.json").write_text('{"a": [1]}')
    assert cli("api", "PUT", "x/", "--input", str(alone.home / "body.json")).code == 0
    assert json.loads(server.asked[2].partition("\r\n\r\n")[2]) == {"a": [1]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("api", "GET", "https://evil.example/api/v1/services/"),
        ("api", "GET", "x/", "-H", "Authorization: Bearer other"),
        ("api", "FETCH", "x/"),
        ("api", "POST", "x/", "-F", "a=notjson"),
        ("api", "POST", "x/", "--input", "absent.json"),
    ],
)
def test_calls_that_are_not_made(alone: Cli, scripted: Script, arguments: tuple[str, ...]) -> None:
    server = scripted(EMPTY)
    ended = at(alone, server)(*arguments)
    assert ended.code == 2
    assert server.asked == []


def test_lists_come_over_as_many_portions_as_it_takes(alone: Cli, scripted: Script) -> None:
    def portion(first: int, following: str | None) -> Reply:
        return Reply(body={"results": [{"name": f"s{first + i}"} for i in range(2)], "next": following})

    server = scripted(
        portion(0, "https://other.name/api/v1/services/?limit=5&cursor=abc"),
        portion(2, "https://x/?cursor=d"),
        portion(4, None),
    )
    ended = at(alone, server)("services", "--limit", "5", "-o", "json")
    assert [row["name"] for row in ended.json] == ["s0", "s1", "s2", "s3", "s4"]
    assert "cursor=abc" in server.asked[1]
    assert len(server.asked) == 3
