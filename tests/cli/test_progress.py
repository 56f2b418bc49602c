"""What is told while a release goes: one redrawn line on a terminal, lines with a time elsewhere."""

from __future__ import annotations

import json
import os
import pty
import re
import struct
import subprocess
import termios
from fcntl import ioctl
from typing import Any

import pytest
from slipway_cli.progress import event_line, track
from slipway_cli.text import clean

from tests.cli.command import Cli
from tests.cli.conftest import Shop

IMAGE = "registry.shop.example"
CANARY = json.dumps(
    {
        "type": "canary",
        "steps": [{"set_weight": 40}, {"pause": {"seconds": 4}}, {"set_weight": 70}, {"pause": {"seconds": 3}}],
    }
)


def release(**parts: Any) -> dict[str, Any]:
    """A canary in the middle of its steps, as the API tells it."""
    statuses = ["succeeded", "paused", "pending", "pending"]
    return {
        "service": "checkout",
        "version": "1.9.0",
        "environment": "prod",
        "status": "paused",
        "message": "Paused until somebody promotes",
        "step_index": 1,
        "steps": [
            {"index": index, "kind": kind, "status": status, "weight": 40}
            for index, (kind, status) in enumerate(
                zip(["set_weight", "pause", "set_weight", "promote"], statuses, strict=True)
            )
        ],
        "weight": {"desired": 40, "actual": 40},
        "canary": {"ready": 2, "desired": 2},
        **parts,
    }


def test_the_line_of_a_canary() -> None:
    assert track(release(), 75) == (
        "checkout 1.9.0 to prod: paused  ■‖□□ 2/4 pause  40 %  pods 2/2  1:15  Paused until somebody promotes"
    )


def test_the_line_of_a_rolling_release_has_no_track() -> None:
    one = {"index": 0, "kind": "rolling", "status": "progressing", "weight": 100}
    rolling = release(status="progressing", steps=[one], step_index=0, message="", canary={"ready": 1, "desired": 3})
    assert track(rolling, 3675) == "checkout 1.9.0 to prod: progressing  pods 1/3  1:01:15"


def test_an_event_has_its_own_time_and_who_did_it_once() -> None:
    event = {"at": "2026-11-29T18:30:57.123Z", "message": "Step 1 of 3: 10 % for the new version", "actor": "slipway"}
    assert event_line(event) == "18:30:57Z Step 1 of 3: 10 % for the new version"
    assert event_line({**event, "message": "Promoted", "actor": "mia"}) == "18:30:57Z Promoted (by mia)"
    assert event_line({**event, "message": "Aborted by mia", "actor": "mia"}) == "18:30:57Z Aborted by mia"


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[2J\x1b]0;owned\x07ok", " [2J ]0;owned ok"),
        ("a\r\nb", "a  b"),
        ("user\u202egnp.exe", "user gnp.exe"),
        ("\x9b31mred", " 31mred"),
        ("Grüße, 世界 ✓", "Grüße, 世界 ✓"),
    ],
)
def test_what_a_cluster_says_cannot_drive_the_terminal(hostile: str, harmless: str) -> None:
    assert clean(hostile) == harmless


@pytest.mark.sandbox
def test_plain_lines_are_the_timeline(cli: Cli, shop: Shop) -> None:
    ended = cli("deploy", "recommendations", "dev", "-i", f"{IMAGE}/recommendations:1.0.0", "-s", CANARY, "--wait")

    assert ended.code == 0, ended.err
    told = [line for line in ended.err.splitlines() if re.match(r"\d\d:\d\d:\d\dZ ", line)]
    events = shop.api.get(f"releases/{shop.releases('recommendations', 'dev')[0]['id']}/events/").json()["results"]
    assert [line for line in told if line in {event_line(event) for event in events}] == [
        event_line(event) for event in events
    ]
    assert "\x1b" not in ended.err + ended.out
    assert "\r" not in ended.err
    assert any("Step 1 of 4: 40 % for the new version" in line for line in told)


def on_a_terminal(cli: Cli, *arguments: str, width: int = 100, **env: str) -> tuple[int, str]:
    """The exit code, and all that a terminal of that width got on stderr."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {**cli.environment, "TERM": "xterm", "COLUMNS": str(width), **env}
    process = subprocess.Popen(
        [*cli.words, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    got = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # How Linux says that the other side is gone.
            break
        if not chunk:
            break
        got += chunk
    os.close(ours)
    return process.wait(30), got.decode()


@pytest.mark.sandbox
def test_on_a_terminal_one_line_is_redrawn(cli: Cli) -> None:
    asked = ("deploy", "recommendations", "staging", "-i", f"{IMAGE}/recommendations:1.0.0", "-s", CANARY, "--wait")

    code, drawn = on_a_terminal(cli, *asked)

    assert code == 0, drawn
    frames = [re.sub(r"\x1b\[\d+m", "", frame).rstrip("\r\n") for frame in drawn.split("\r\x1b[2K")[1:]]
    assert len(frames) > 4
    assert all(len(frame) < 100 and frame.startswith("recommendations 1.0.0 to staging: ") for frame in frames)
    assert any("■‖□□□ 2/5 pause" in frame for frame in frames), frames
    assert frames[-1].startswith("recommendations 1.0.0 to staging: succeeded  ■■■■■ 5/5 promote  100 %")
    assert "\x1b[34m" in drawn


@pytest.mark.sandbox
def test_no_color_leaves_colours_out(cli: Cli) -> None:
    code, drawn = on_a_terminal(cli, "wait", "recommendations", "staging", NO_COLOR="1")
    assert code == 0
    assert "m" not in re.findall(r"\x1b\[[\d;]*([A-Za-z])", drawn)


@pytest.mark.sandbox
def test_a_terminal_of_a_ci_system_gets_plain_lines(cli: Cli) -> None:
    code, drawn = on_a_terminal(cli, "wait", "recommendations", "staging", CI="true")
    assert code == 0
    assert "\x1b" not in drawn
