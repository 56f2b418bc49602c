"""Starting again, beside another one, and where it cannot."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from portal.run.home import Home
from tests.run.slipway import PROCESSES, Slipway


def test_a_first_start_prepares_and_a_second_does_not(tmp_path: Path) -> None:
    slipway = Slipway(tmp_path)
    slipway.start()
    slipway.stop()
    password = (slipway.home / "admin-password").read_text()
    assert "preparing database" in slipway.log()
    (slipway.home / "logs" / "slipway.log").unlink()

    slipway.start()

    try:
        assert "preparing database" not in slipway.log()
        assert (slipway.home / "admin-password").read_text() == password
    finally:
        slipway.stop()


def test_two_homes_on_two_ports_never_meet(make_slipway: Callable[..., Slipway]) -> None:
    first, second = make_slipway("first"), make_slipway("second")
    first.start()
    second.start()

    assert first.alive().isdisjoint(second.alive())
    assert {first.pid(name) for name in PROCESSES}.isdisjoint({second.pid(name) for name in PROCESSES})
    first.stop()

    assert second.is_served()
    assert second.pid("worker") in second.alive()


def test_one_home_is_not_started_twice(make_slipway: Callable[..., Slipway]) -> None:
    slipway = make_slipway()
    slipway.start()

    again = Slipway(slipway.home).call("run")

    assert again.returncode == 1
    assert f"already runs from {slipway.home}" in again.stdout
    assert f"http://127.0.0.1:{slipway.port}" in again.stdout
    assert slipway.is_served()


def test_a_taken_port_is_named_with_the_way_out(make_slipway: Callable[..., Slipway]) -> None:
    slipway = make_slipway()
    with socket.socket() as other:
        other.bind(("127.0.0.1", slipway.port))
        other.listen()

        answer = slipway.call("run")

    assert answer.returncode == 1
    assert f"Port {slipway.port} is taken" in answer.stdout
    assert f"make run PORT={slipway.port + 1}" in answer.stdout


def test_a_home_with_a_long_path_and_spaces_works(make_slipway: Callable[..., Slipway]) -> None:
    slipway = make_slipway("a long name with spaces " + "x" * 90)
    slipway.start()

    assert slipway.pid("valkey") in slipway.alive()
    assert not (slipway.home / "run" / "valkey.sock").exists()
    short = Home.open(slipway.home).socket().parent
    slipway.stop()
    assert slipway.alive() == set()
    assert not short.exists()
