"""The exit code in each outcome, on the real portal and a real cluster (api.md: 0 to 6)."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.command import Cli
from tests.cli.conftest import Shop

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
IMAGE = "registry.shop.example"
HELD = json.dumps({"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]})


@pytest.fixture
def approvals_in_staging(shop: Shop) -> Iterator[str]:
    """Staging asks for a voice of team payments; answers the token of the one who has it."""
    token = shop.person("amy", "payments", "approver")
    shop.edit_environment("staging", approvals=[{"team": "payments", "count": 1}])
    yield token
    shop.edit_environment("staging", approvals=[])


@pytest.fixture
def window_in_prod(shop: Shop) -> Iterator[None]:
    now = datetime.now(UTC)
    window = {
        "name": "year-end",
        "starts": (now - timedelta(hours=1)).isoformat(),
        "ends": (now + timedelta(hours=1)).isoformat(),
        "mode": "block",
    }
    shop.edit_environment("prod", freeze_windows=[window])
    yield
    shop.edit_environment("prod", freeze_windows=[])


def test_0_succeeded(cli: Cli, shop: Shop) -> None:
    ended = cli("deploy", "basket", "dev", "--image", f"{IMAGE}/basket:2.0.0", "--wait", "--reason", "try")

    assert (ended.code, ended.err.count("/releases/")) == (0, 1), ended.err
    assert "basket 2.0.0 to dev: succeeded" in ended.out
    (release,) = shop.releases("basket", "dev", "2.0.0")
    assert (release["id"] in ended.out, release["note"]) == (True, "try")


def test_0_without_wait_it_only_has_begun(cli: Cli, shop: Shop) -> None:
    ended = cli("deploy", "basket", "staging", "--image", f"{IMAGE}/basket:2.0.0", "--output", "json")

    assert ended.code == 0
    assert ended.json["status"] in {"queued", "progressing"}
    assert cli("wait", "basket", "staging").code == 0


def test_1_failed_with_the_cause(cli: Cli) -> None:
    ended = cli("deploy", "catalog", "dev", "--image", f"{IMAGE}/catalog:3.0.0-nopull", "--wait")

    assert ended.code == 1
    assert "failed" in ended.out
    assert "ImagePullFailed" in ended.out


def test_1_aborted_by_somebody(cli: Cli, shop: Shop) -> None:
    running = cli.begin("deploy", "checkout", "dev", "-i", f"{IMAGE}/checkout:2.0.0", "-s", HELD, "--wait")
    release = running.release_id()
    shop.until(release, "paused")

    aborted = cli("abort", "checkout", "dev", "--reason", "second thoughts")

    assert aborted.code == 0
    ended = running.end()
    assert ended.code == 1
    assert "aborted" in ended.out
    assert "second thoughts" in cli("logs", release).out


def test_3_timed_out_and_the_release_goes_on(cli: Cli, shop: Shop) -> None:
    ended = cli(
        "deploy", "storefront", "dev", "-i", f"{IMAGE}/storefront:4.0.0", "-s", HELD, "--wait", "--timeout", "9s"
    )

    assert ended.code == 3
    assert "Not done after 0:09; the release goes on" in ended.err
    assert "slipway wait" in ended.err
    release = shop.releases("storefront", "dev")[0]
    shop.until(release["id"], "paused")
    assert cli("promote", "storefront", "dev", "--full", "--wait").code == 0


def test_4_rejected(cli: Cli, shop: Shop, approvals_in_staging: str) -> None:
    running = cli.begin("deploy", "payments", "staging", "--image", f"{IMAGE}/payments:7.0.0", "--wait")
    shop.until(running.release_id(), "waiting")
    amy = cli.with_(SLIPWAY_TOKEN=approvals_in_staging)

    assert "payments" in amy("approvals").out
    assert amy("reject", "payments", "staging", "--comment", "not today").code == 0

    ended = running.end()
    assert ended.code == 4
    assert "ApprovalRejected" in ended.out


def test_5_waiting_for_an_approval_that_then_comes(cli: Cli, shop: Shop, approvals_in_staging: str) -> None:
    ended = cli("deploy", "payments", "staging", "-i", f"{IMAGE}/payments:7.1.0", "--no-wait-approval")

    assert ended.code == 5
    assert "ApprovalRequired" in ended.out
    own = cli("approve", "payments", "staging")
    assert own.code == 2
    assert "(403)" in own.err
    amy = cli.with_(SLIPWAY_TOKEN=approvals_in_staging)
    approved = amy("approve", "payments", "staging", "--comment", "fine", "--wait")
    assert approved.code == 0, approved.err
    assert "succeeded" in approved.out


def test_6_blocked_by_a_freeze_window(cli: Cli, shop: Shop, window_in_prod: None) -> None:
    before = shop.releases("stock", "prod")

    ended = cli("deploy", "stock", "prod", "--image", f"{IMAGE}/stock:2.0.0", "--wait")

    assert ended.code == 6
    assert "year-end" in ended.err
    assert "request id:" in ended.err
    assert shop.releases("stock", "prod") == before
    plan = cli("deploy", "stock", "prod", "--image", f"{IMAGE}/stock:2.0.0", "--dry-run")
    assert plan.code == 6
    assert "+" in plan.out


def test_6_and_the_same_job_gets_in_once_the_window_is_over(cli: Cli, shop: Shop, window_in_prod: None) -> None:
    job = cli.with_(CI_PROJECT_ID="4", CI_JOB_ID="4711")
    asked = ("deploy", "stock", "prod", "--image", f"{IMAGE}/stock:2.0.0", "--wait")
    assert [job(*asked).code, job(*asked).code] == [6, 6]
    shop.edit_environment("prod", freeze_windows=[])

    ended = job(*asked)

    assert ended.code == 0, ended.err
    assert job(*asked).code == 0
    assert len(shop.releases("stock", "prod", "2.0.0")) == 1


def test_6_blocked_by_another_release_unless_it_is_superseded(cli: Cli, shop: Shop) -> None:
    first = cli("deploy", "stock", "dev", "-i", f"{IMAGE}/stock:2.0.0", "-s", HELD, "-o", "json").json["id"]
    shop.until(first, "paused")

    second = cli("deploy", "stock", "dev", "-i", f"{IMAGE}/stock:2.0.1", "--wait")

    assert second.code == 6
    assert first in second.err
    waits = cli.begin("wait", first)
    third = cli("deploy", "stock", "dev", "-i", f"{IMAGE}/stock:2.0.1", "--wait", "--supersede")
    assert third.code == 0, third.err
    ended = waits.end()
    assert (ended.code, "superseded" in ended.out) == (1, True)


def test_a_rollback_and_a_promotion_end_like_a_release(cli: Cli, shop: Shop) -> None:
    assert cli("deploy", "shipping", "dev", "-i", f"{IMAGE}/shipping:5.0.0", "--wait").code == 0
    promoted = cli("promote-env", "shipping", "dev", "staging", "--wait", "-o", "json")
    assert promoted.code == 0, promoted.err
    assert "shipping:5.0.0" in str(promoted.json["images"]) or "@sha256:" in str(promoted.json["images"])
    back = cli("rollback", "shipping", "dev", "--reason", "worse", "--wait")
    assert back.code == 0, back.err
    assert shop.releases("shipping", "dev")[0]["note"] == "worse"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("deploy", "basket", "dev"), "Missing option '--image'"),
        (("deploy", "basket", "dev", "-i", "a", "-i", "b"), "Give one --image"),
        (("deploy", "basket", "dev", "-i", "a:1", "--strategy", "{"), "is no JSON"),
        (("deploy", "basket", "dev", "-i", "a:1", "--timeout", "soon"), "is no duration"),
        (("nonsense",), "No such command"),
        (("status", "basket"), "by service and environment"),
        (("deploy", "basket", "nowhere", "-i", "a:1"), "There is no environment"),
        (("deploy", "basket", "dev", "-i", "UPPER/case"), "no image reference"),
        (("deploy", "basket", "dev", "-i", "a:1", "--strategy", "magic"), "(422)"),
        (("status", "00000000-0000-4000-8000-000000000000"), "(404)"),
        (("api", "GET", "nonsense/"), "(404)"),
    ],
)
def test_2_usage_and_refusals(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    ended = cli(*arguments)

    assert ended.code == 2
    assert told in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_2_a_wrong_token(cli: Cli) -> None:
    ended = cli.with_(SLIPWAY_TOKEN="slip_wrong")("whoami")
    assert ended.code == 2
    assert "does not take the token of SLIPWAY_TOKEN (401)" in ended.err
    assert "slipway login" in ended.err


def test_2_a_permission_that_is_missing_says_who_grants_it(cli: Cli, shop: Shop) -> None:
    viewer = cli.with_(SLIPWAY_TOKEN=shop.person("vera", "checkout", "viewer"))
    ended = viewer("deploy", "basket", "prod", "-i", f"{IMAGE}/basket:9")
    assert ended.code == 2
    assert "release.start" in ended.err
    assert "next: " in ended.err


def test_2_nobody_answers(alone: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = alone.with_(SLIPWAY_URL=f"http://127.0.0.1:{port}", SLIPWAY_TOKEN="slip_x")("releases")
    assert ended.code == 2
    assert "does not answer" in ended.err
    assert "trying again" in ended.err
