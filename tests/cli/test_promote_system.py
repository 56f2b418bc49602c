"""`slipway promote-env --system`: a whole system in waves, told release by release, ended like a release."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Cli
from tests.cli.scripted import Reply, Scripted
from tests.cli.test_github_output import outputs

Script = Callable[..., Scripted]


def promotion(status: str, *stands: str | None, **parts: Any) -> dict[str, Any]:
    services = ["stock", "catalog"]
    return {
        "promotion": "11111111-0000-4000-8000-000000000001",
        "status": status,
        "system": "shop",
        "from": "dev",
        "to": "staging",
        "releases": [
            {"service": name, "id": None, "wave": wave + 1, "state": "pending", "status": stand, "version": "2.0"}
            for wave, (name, stand) in enumerate(zip(services, stands, strict=True))
        ],
        "skipped": [{"service": "ledger", "state": "level", "why": "The same image runs in both."}],
        "problem": "",
        "links": {"ui": "https://slipway.example/promotions/1/"},
        **parts,
    }


def at(cli: Cli, server: Scripted, **env: str) -> Cli:
    return cli.with_(SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x", **env)


def test_it_waits_for_all_waves_and_tells_each_change_once(alone: Cli, scripted: Script) -> None:
    server = scripted(
        Reply(202, promotion("queued", None, None)),
        Reply(200, promotion("running", "progressing", None)),
        Reply(200, promotion("running", "succeeded", "progressing")),
        Reply(200, promotion("succeeded", "succeeded", "succeeded")),
    )

    ended = at(alone, server)("promote-env", "dev", "staging", "--system", "shop", "--reason", "weekly", "--wait")

    assert ended.code == 0, ended.err
    assert json.loads(server.asked[0].partition("\r\n\r\n")[2]) == {
        "system": "shop",
        "from": "dev",
        "to": "staging",
        "reason": "weekly",
    }
    told = [line.partition(" ")[2] for line in ended.err.splitlines() if "2.0" in line]
    assert told == [
        "stock 2.0: pending",
        "catalog 2.0: pending",
        "stock 2.0: progressing",
        "stock 2.0: succeeded",
        "catalog 2.0: progressing",
        "catalog 2.0: succeeded",
    ]
    assert "shop from dev to staging: succeeded" in ended.out
    assert "The same image runs in both." in ended.out


def test_a_failure_is_1_with_what_failed(alone: Cli, scripted: Script, tmp_path: Path) -> None:
    failed = promotion("failed", "failed", None, problem="stock failed; nothing more was begun.")
    out, summary = tmp_path / "out", tmp_path / "summary"
    cli = at(alone, scripted(Reply(202, failed)), GITHUB_OUTPUT=str(out), GITHUB_STEP_SUMMARY=str(summary))

    ended = cli("promote-env", "dev", "staging", "--system", "shop", "--wait", "-o", "github")

    assert ended.code == 1
    assert "stock failed; nothing more was begun." in ended.out
    assert outputs(out.read_text())["status"] == "failed"
    assert "| stock | 2.0 | failed |" in summary.read_text()


def test_time_that_is_up_is_3(alone: Cli, scripted: Script) -> None:
    server = scripted(Reply(202, promotion("running", "progressing", None)))
    ended = at(alone, server)("promote-env", "dev", "staging", "--system", "shop", "--wait", "--timeout", "1s")
    assert ended.code == 3
    assert "the promotion goes on" in ended.err


@pytest.mark.parametrize(
    ("option", "reason", "code"),
    [
        ("--no-wait-approval", "ApprovalRequired", 5),
        ("--no-wait-window", "FreezeWindow", 6),
        ("--no-wait-window", "PromotionGate", 6),
    ],
)
def test_a_release_of_it_that_nobody_waits_for_ends_the_command_and_not_the_promotion(
    alone: Cli, scripted: Script, option: str, reason: str, code: int
) -> None:
    held = promotion("running", "progressing", "waiting")
    held["releases"][1]["reason"] = reason
    server = scripted(Reply(202, promotion("queued", None, None)), Reply(200, held))

    ended = at(alone, server)("promote-env", "dev", "staging", "--system", "shop", option)

    assert ended.code == code, ended.err
    assert "shop from dev to staging: running" in ended.out
    assert [asked.split()[0] for asked in server.asked] == ["POST", "GET"]


def test_where_approvals_are_waited_for_it_looks_on(alone: Cli, scripted: Script) -> None:
    held = promotion("running", "succeeded", "waiting")
    held["releases"][1]["reason"] = "ApprovalRequired"
    server = scripted(Reply(202, held), Reply(200, promotion("succeeded", "succeeded", "succeeded")))

    ended = at(alone, server)("promote-env", "dev", "staging", "--system", "shop", "--no-wait-window")

    assert ended.code == 0, ended.err


def test_the_gate_that_holds_is_6(alone: Cli, scripted: Script) -> None:
    waits = {
        "id": "00000000-0000-4000-8000-000000000001",
        "service": "web",
        "version": "1",
        "environment": "prod",
        "status": "waiting",
        "reason": "PromotionGate",
        "links": {"ui": "http://x/"},
    }
    server = scripted(Reply(202, waits))
    ended = at(alone, server)("promote-env", "web", "staging", "prod", "--wait-soak", "--no-wait-window", "-q")
    assert ended.code == 6, ended.err
    assert json.loads(server.asked[0].partition("\r\n\r\n")[2])["wait"] is True


@pytest.mark.parametrize("words", [("dev",), ("a", "b", "c", "d"), ("web", "dev", "prod", "--system", "shop")])
def test_how_it_is_not_written(alone: Cli, words: tuple[str, ...]) -> None:
    ended = alone("promote-env", *words)
    assert ended.code == 2
    assert "SERVICE FROM TO" in ended.err
