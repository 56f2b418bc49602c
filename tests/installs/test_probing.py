"""Ports from host to host, tried for real on this machine's loopback with whatever interpreter there is."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installs.networks import advertised
from installs.probing import (
    CLOCK_SCRIPT,
    STOP_SCRIPT,
    Port,
    Target,
    clock,
    listening_script,
    names_script,
    ports_of,
    reaching_script,
    read,
    read_names,
    read_registry,
    registry_of,
    registry_script,
    targets_of,
)
from installs.shapes import Config, Host
from tests.installs.saying import CONFIG, FIRST, SECOND, facts

INTERPRETERS = {"python": (), "perl": ("python3", "python"), "neither": ("python3", "python", "perl")}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(autouse=True)
def own_listeners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests beside this one end their listeners, not ours."""
    monkeypatch.setenv("LISTEN_PIDS", str(tmp_path / "listeners"))


@pytest.fixture(params=list(INTERPRETERS))
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A PATH without the interpreters that this host shall not have."""
    hidden = INTERPRETERS[request.param]
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        for file in Path(place).iterdir():
            if not file.name.startswith(hidden or ("-",)) and not (folder / file.name).is_symlink():
                (folder / file.name).symlink_to(file)
    return request.param, {"PATH": str(folder), "LISTEN_PIDS": os.environ["LISTEN_PIDS"]}


def run(script: str, environment: dict[str, str]) -> str:
    script = "\n".join(line for line in script.split("\n") if not line.startswith("PATH=$PATH:"))
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script, capture_output=True, text=True, timeout=60, env=environment, check=True
    )
    return done.stdout


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="the scripts are for Linux hosts")
def test_a_port_that_somebody_listens_on_is_reached(shell: tuple[str, dict[str, str]]) -> None:
    interpreter, environment = shell
    tcp, udp, closed = Port("tcp", free_port()), Port("udp", free_port()), Port("tcp", free_port())
    targets = [Target("other", "127.0.0.1", port) for port in (tcp, udp, closed)]

    started = time.monotonic()
    listening = run(listening_script([tcp, udp], seconds=6), environment)
    reaching = run(reaching_script(targets), environment)
    found = read({"other": listening}, {"this": reaching}, {"this": targets})["this"]["other"]

    assert time.monotonic() - started < 20
    if interpreter == "neither" and "ready" not in listening:
        pytest.skip("neither systemd-socket-activate nor socat is on this machine")
    assert found[str(tcp)] == "reached"
    assert found[str(udp)] == ("untried" if f"failed {udp}" in listening else "reached")
    assert found[str(closed)] == "untried", "refused, but nobody was asked to listen there"


def test_listeners_go_away_and_do_not_hold_the_connection() -> None:
    port = Port("tcp", free_port())
    started = time.monotonic()
    run(listening_script([port], seconds=2), dict(os.environ))
    assert time.monotonic() - started < 2

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port.number)) != 0:
                return
        time.sleep(0.2)
    raise AssertionError("the listener is still there")


def test_listeners_end_when_they_are_told_to(shell: tuple[str, dict[str, str]]) -> None:
    _interpreter, environment = shell
    port = Port("tcp", free_port())
    said = run(listening_script([port], seconds=30), environment)
    if "ready" not in said:
        pytest.skip("nothing on this machine can listen")
    busy = run(listening_script([port], seconds=30), environment)

    run(STOP_SCRIPT, environment)
    run(STOP_SCRIPT, environment)

    assert "ready" in busy, "the second begins by ending the first"
    deadline = time.monotonic() + 5
    with socket.socket() as one:
        while one.connect_ex(("127.0.0.1", port.number)) == 0:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_our_own_listeners_keep_no_port_busy() -> None:
    ours = facts(1, sockets='tcp LISTEN 0 64 *:6443 *:* users:(("slipway-listen",pid=7,fd=6))')

    assert ours["listening"] == []


def test_a_port_in_use_counts_as_somebody_listening() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = Port("tcp", server.getsockname()[1])
        said = run(listening_script([port], seconds=1), dict(os.environ))

    assert said.strip() == f"busy {port}"


def test_silence_where_nobody_could_listen_proves_nothing() -> None:
    targets = [Target("b", "192.0.2.1", Port("tcp", 6443)), Target("b", "192.0.2.1", Port("tcp", 10250))]
    found = read(
        {"b": "ready tcp/6443\nfailed tcp/10250\n"},
        {"a": "b tcp/6443 silent\nb tcp/10250 silent\nc tcp/1 reached\n"},
        {"a": targets},
    )

    assert found == {"a": {"b": {"tcp/6443": "silent", "tcp/10250": "untried"}}}


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_output_of_a_host_is_read(listening: str, reaching: str) -> None:
    targets = {"a": [Target("b", "192.0.2.1", Port("tcp", 6443))]}

    found = read({"b": listening}, {"a": reaching}, targets)

    assert list(found["a"]["b"]) == ["tcp/6443"]


def test_who_must_reach_what() -> None:
    worker, control_plane = targets_of(CONFIG, SECOND, [FIRST, SECOND]), targets_of(CONFIG, FIRST, [FIRST, SECOND])

    assert {str(one.port) for one in worker} == {"tcp/6443", "tcp/30000", "tcp/179"}
    assert {str(one.port) for one in control_plane} == {"tcp/10250", "tcp/30000", "tcp/179"}
    second = Host("node-3", "192.0.2.13", "control_plane")
    assert {"tcp/2379", "tcp/2380", "tcp/6443", "tcp/10250"} <= {
        str(one.port) for one in targets_of(CONFIG, second, [FIRST])
    }
    assert Port("udp", 4789) in ports_of(Config("x", "v1.37.2", cni="calico"), SECOND)
    assert Port("udp", 8472) in ports_of(Config("x", "v1.37.2", cni="flannel"), SECOND)


def test_the_address_tried_is_the_one_that_nodes_will_use() -> None:
    behind_nat = Host("node-2", "203.0.113.7", "worker")
    found = targets_of(CONFIG, FIRST, [FIRST, behind_nat], {"node-2": facts(2)})

    assert {one.address for one in found} == {advertised(behind_nat, facts(2))} == {"192.0.2.12"}


def test_names_are_resolved_by_the_host() -> None:
    names = ["localhost", "no-such-host.invalid"]
    found = read_names(run(names_script(names), dict(os.environ)), names)

    assert found["localhost"] in ("127.0.0.1", "::1") and found["no-such-host.invalid"] == ""
    assert read_names("evil.example 1.2.3.4\nlocalhost $(id)\n", names) == dict.fromkeys(names, "")


def test_a_registry_is_there_when_it_answers_as_one() -> None:
    assert read_registry("status 200\n") == "" and read_registry("status 401") == ""
    assert read_registry("  HTTP/1.1 401 Unauthorized") == ""
    assert read_registry("status 503") == "the registry answers 503"
    assert read_registry("curl: (6) Could not resolve host: x\x1b") == "curl: (6) Could not resolve host: x"
    assert read_registry("untried\n") is None and read_registry("") is None
    config = Config("x", "v1.37.2", image_repository="registry.example.com:5000/k8s")
    assert registry_of(config) == "registry.example.com:5000" and registry_of(CONFIG) == "registry.k8s.io"
    answer = run(registry_script(Config("x", "v1.37.2", image_repository="127.0.0.1:1")), dict(os.environ))
    assert read_registry(answer) not in ("", None)


def test_a_clock_is_read_between_two_readings_of_our_own() -> None:
    samples = []
    for _ in range(3):
        before = time.time()
        samples.append((before, run(CLOCK_SCRIPT, dict(os.environ)), time.time()))
    found = clock(samples)

    assert found is not None and abs(found["offset"]) <= found["uncertainty"] + 0.01
    assert clock([(100.0, "160.5\n", 100.2), (100.0, "162\n", 103.0)]) == pytest.approx(
        {"offset": 60.4, "uncertainty": 0.1}
    )
    assert clock([(100.0, "100\n", 100.2)]) == pytest.approx({"offset": 0.4, "uncertainty": 0.6})
    assert clock([(100.0, "", 101.0), (1.0, "nan", 2.0), (5.0, "7.0", 4.0)]) is None
