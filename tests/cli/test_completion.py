"""The Tab key: commands, options, and names from the portal, kept for a minute."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import Cli
from tests.cli.scripted import Reply, Scripted

Script = Callable[..., Scripted]


def names(*rows: str) -> Reply:
    return Reply(body={"results": [{"name": name} for name in rows], "next": None})


def offered(cli: Cli, *words: str) -> list[str]:
    """What bash would offer for the last word."""
    asked = cli.with_(
        _SLIPWAY_COMPLETE="bash_complete", COMP_WORDS=" ".join(["slipway", *words]), COMP_CWORD=str(len(words))
    )
    ended = asked()
    assert ended.code == 0
    assert ended.err == ""
    return [line.partition(",")[2] for line in ended.out.splitlines() if line]


def test_commands_and_options(alone: Cli) -> None:
    assert offered(alone, "ap") == ["approve", "approvals", "api"]
    assert offered(alone, "token", "") == ["create", "list", "revoke"]
    assert "--no-wait-approval" in offered(alone, "deploy", "--no")
    assert offered(alone, "deploy", "--output", "g") == ["github"]


def test_services_then_environments(alone: Cli, scripted: Script) -> None:
    server = scripted(names("basket", "checkout", "catalog"), names("dev", "prod"))
    cli = alone.with_(SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x")
    assert offered(cli, "deploy", "c") == ["checkout", "catalog"]
    assert offered(cli, "deploy", "checkout", "p") == ["prod"]
    assert offered(cli, "status", "checkout", "") == ["dev", "prod"]
    assert [request.split(" ")[1].partition("?")[0] for request in server.asked] == [
        "/api/v1/services/",
        "/api/v1/environments/",
    ]


def test_clusters(alone: Cli, scripted: Script) -> None:
    server = scripted(names("eu-1", "us-1"))
    cli = alone.with_(SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x")
    assert offered(cli, "releases", "--cluster", "e") == ["eu-1"]


def test_what_was_asked_is_kept_for_a_minute_and_for_one_caller(alone: Cli, scripted: Script) -> None:
    server = scripted(names("basket"), names("other"), names("basket", "billing"))
    cli = alone.with_(SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x")
    assert offered(cli, "deploy", "b") == ["basket"]
    assert offered(cli, "deploy", "b") == ["basket"]
    assert len(server.asked) == 1
    assert offered(cli.with_(SLIPWAY_TOKEN="slip_y"), "deploy", "") == ["other"]

    kept = list((alone.home / ".cache" / "slipway").iterdir())
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept)
    for file in kept:
        os.utime(file, (time.time() - 61, time.time() - 61))
    assert offered(cli, "deploy", "b") == ["basket", "billing"]


@pytest.mark.parametrize("answer", [Reply(500), Reply(200, b"<html>"), Reply(200, {"results": 3})])
def test_trouble_offers_nothing_and_says_nothing(alone: Cli, scripted: Script, answer: Reply) -> None:
    server = scripted(answer)
    began = time.monotonic()
    assert offered(alone.with_(SLIPWAY_URL=server.url, SLIPWAY_TOKEN="slip_x"), "deploy", "c") == []
    assert time.monotonic() - began < 5


def test_nobody_signed_in_is_offered_nothing(alone: Cli) -> None:
    assert offered(alone, "deploy", "c") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_it_can_read(alone: Cli, shell: str, tmp_path: Path) -> None:
    ended = alone("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert f"_SLIPWAY_COMPLETE={shell}_complete" in ended.out
    if (program := shutil.which(shell)) is None:
        return
    script = tmp_path / "script"
    script.write_text(ended.out)
    assert subprocess.run([program, "-n", str(script)], check=False).returncode == 0


def test_in_a_real_bash_the_word_is_completed(alone: Cli, scripted: Script, tmp_path: Path) -> None:
    server = scripted(names("basket", "checkout"))
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program = bin_ / "slipway"
    program.write_text(f'#!/bin/sh\nexec {" ".join(alone.words)} "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(slipway completion bash)"; COMP_WORDS=(slipway deploy ch); COMP_CWORD=2; '
        '_slipway_completion slipway; echo "${COMPREPLY[@]}"'
    )
    environment = {
        **alone.environment,
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "SLIPWAY_URL": server.url,
        "SLIPWAY_TOKEN": "slip_x",
    }
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["checkout"], done.stderr
