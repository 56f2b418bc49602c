"""`--output github`: step outputs, a summary, an annotation; whatever a cluster says stays text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway_cli.output import summary_of

from tests.cli.command import Cli
from tests.cli.scripted import Reply, Scripted

EVIL = "x\nstatus=succeeded\n::set-env name=PATH::/evil\n<img src=x>|[a](javascript:x)`"


def release(**parts: Any) -> dict[str, Any]:
    return {
        "id": "00000000-0000-4000-8000-000000000001",
        "service": "web",
        "version": "1.0",
        "environment": "prod",
        "status": "failed",
        "reason": "CrashLoopBackOff",
        "message": EVIL,
        "images": {"web": "web:1.0"},
        "strategy": {"type": "rolling"},
        "steps": [],
        "links": {"ui": "https://slipway.example/releases/1/"},
        **parts,
    }


def outputs(text: str) -> dict[str, str]:
    """As GitHub reads the file: NAME<<MARK, lines, MARK."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, mark = line.partition("<<")
        assert mark, line
        value: list[str] = []
        for inner in lines:
            if inner == mark:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def test_outputs_summary_and_annotation(alone: Cli, scripted: Callable[..., Scripted], tmp_path: Path) -> None:
    out, summary = tmp_path / "output", tmp_path / "summary"
    server = scripted(Reply(202, release(status="queued", message="")), Reply(200, release()))
    cli = alone.with_(
        SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x", GITHUB_OUTPUT=str(out), GITHUB_STEP_SUMMARY=str(summary)
    )

    ended = cli("deploy", "web", "prod", "-i", "web:1.0", "--wait", "-o", "github")

    assert ended.code == 1, ended.err
    found = outputs(out.read_text())
    assert found["status"] == "failed"
    assert found["message"] == EVIL
    assert (found["exit-code"], found["url"]) == ("1", "https://slipway.example/releases/1/")
    assert "### ❌ web 1.0 to prod: failed" in summary.read_text()
    commands = [line for line in (ended.out + ended.err).splitlines() if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error title=web 1.0 to prod%3A failed::")


def test_text_of_others_is_text_in_the_summary() -> None:
    markdown = summary_of(release())
    assert "<img" not in markdown
    assert "](javascript" not in markdown
    assert not re.search(r"(?<!\\)\|", markdown)


def test_steps_are_a_table() -> None:
    steps = [
        {"index": 0, "kind": "set_weight", "weight": 10, "status": "succeeded"},
        {"index": 1, "kind": "promote", "weight": 100, "status": "failed"},
    ]
    assert "| 1 | set\\_weight | 10 % | succeeded |\n| 2 | promote | 100 % | failed |" in summary_of(
        release(steps=steps)
    )


def test_outside_of_github_it_writes_nothing(alone: Cli, scripted: Callable[..., Scripted]) -> None:
    server = scripted(Reply(202, release(status="queued", message="")))
    cli = alone.with_(SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x")
    assert cli("deploy", "web", "prod", "-i", "web:1.0", "-o", "github").code == 0
