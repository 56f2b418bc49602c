"""Up, again up, down: one supervisor a home, nothing left behind, everything kept."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.cluster import Sandbox
from sandbox.paths import REPOSITORY, StateFolder
from sandbox.ports import keep_or_choose
from sandbox.records import SUPERVISOR, read_records
from tests.conftest import until
from tests.kubectl import Kubectl
from tests.sandbox.conftest import administrator, pids, processes_of

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

NOTE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "note", "namespace": "default"},
    "data": {"a": "b"},
}
BASKET = "/apis/apps/v1/namespaces/dev/deployments/basket"


def supervisor_pid(home: Path) -> int:
    return read_records(StateFolder.of(home).processes)[SUPERVISOR].pid


def test_a_second_up_finds_the_first(own_sandbox: Sandbox) -> None:
    before = pids(own_sandbox)

    own_sandbox.ensure_up()

    assert pids(own_sandbox) == before


def test_down_leaves_no_process_and_up_finds_data_and_ports_again(home: Path) -> None:
    sandbox = Sandbox(home)
    sandbox.ensure_up()
    with administrator(sandbox) as kubectl:
        kubectl.create("/api/v1/namespaces/default/configmaps", NOTE)
        kubectl.delete(BASKET)
    api_url = sandbox.status()["api_url"]

    sandbox.down()
    assert processes_of(home) == []
    assert sandbox.status()["state"] == "down"

    sandbox.ensure_up()
    assert sandbox.status()["api_url"] == api_url
    with administrator(sandbox) as kubectl:
        assert kubectl.get("/api/v1/namespaces/default/configmaps/note")["data"] == {"a": "b"}
        assert not kubectl.exists(BASKET), "the shop is applied once: what people delete stays deleted"


def test_several_processes_may_ask_for_it_at_once(home: Path) -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-m", "sandbox", "up"],
            cwd=REPOSITORY,
            env=os.environ | {"SLIPWAY_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(3)
    ]

    said = [process.communicate(timeout=120)[0].strip() for process in asking]

    assert said == [str(Sandbox(home).kubeconfig)] * 3
    assert len([line for line in processes_of(home) if " etcd " in line or "/etcd " in line]) == 1


def test_a_foreground_run_ends_within_ten_seconds_of_sigterm(home: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "run"],
        cwd=REPOSITORY,
        env=os.environ | {"SLIPWAY_HOME": str(home)},
        stderr=subprocess.DEVNULL,
    )
    until(lambda: Sandbox(home).status()["state"] != "down")
    Sandbox(home).ensure_up()

    run.send_signal(signal.SIGTERM)

    assert run.wait(timeout=10) == 0
    assert processes_of(home) == []


def test_nothing_outlives_a_killed_supervisor(home: Path) -> None:
    sandbox = Sandbox(home)
    sandbox.ensure_up()

    os.kill(supervisor_pid(home), signal.SIGKILL)
    sandbox.down()

    assert processes_of(home) == []
    assert sandbox.status()["state"] == "down"


def test_it_ends_with_the_process_it_is_for(home: Path) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    Sandbox(home).ensure_up(owner_pid=owner.pid)

    owner.kill()
    owner.wait()

    until(lambda: processes_of(home) == [], seconds=15)


def test_two_homes_never_meet(home: Path, own_sandbox: Sandbox, own_kubectl: Kubectl) -> None:
    other = Sandbox(home)
    other.ensure_up()
    with administrator(other) as kubectl:
        kubectl.create("/api/v1/namespaces/default/configmaps", NOTE)

    assert not own_kubectl.exists("/api/v1/namespaces/default/configmaps/note")
    other.down()
    assert own_sandbox.status()["state"] == "ready"


def test_a_port_that_somebody_took_is_replaced(home: Path) -> None:
    sandbox = Sandbox(home)
    kept = keep_or_choose(StateFolder.of(home).ports)

    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        somebody.bind(("127.0.0.1", kept.api_server))
        somebody.listen()
        sandbox.ensure_up()

        with administrator(sandbox) as kubectl:
            assert kubectl.exists("/api/v1/namespaces/prod")


def test_a_start_that_fails_says_why(home: Path) -> None:
    state = StateFolder.of(home)
    state.root.mkdir()
    state.pki.write_text("a file where a folder should be")

    answer = subprocess.run(
        [sys.executable, "-m", "sandbox", "up"],
        cwd=REPOSITORY,
        env=os.environ | {"SLIPWAY_HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 1
    assert "supervisor.log" in answer.stderr
